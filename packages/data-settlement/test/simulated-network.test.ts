import { createSettlement, type DataSettlement, memoryContentStore } from '@edmp/data-settlement';
import {
  memoryKeyValueStore,
  type Network,
  type SettlementTrade,
  type VirtualEnvironment,
  virtualEnvironment,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { type SimulatedNetworks, simulatedNetworks } from '@edmp/trustchain/simulated';
import { describe, expect, it } from 'vitest';
import { quarterHours } from './support/fixtures.ts';

interface World {
  readonly environment: VirtualEnvironment;
  readonly networks: SimulatedNetworks;
  readonly seller: DataSettlement;
  readonly buyer: DataSettlement;
  readonly nodes: readonly [Network, Network];
}

const crypto = nodeCrypto({ threads: false });

async function world(seed: number): Promise<World> {
  const environment = virtualEnvironment({ seed });
  const networks = simulatedNetworks({ environment, seed });
  const [a, b] = [networks.create(), networks.create()];
  const party = (network: Network): DataSettlement =>
    createSettlement({
      crypto,
      environment,
      network,
      content: memoryContentStore({ crypto, environment }),
      secrets: memoryKeyValueStore(),
    });
  const [seller, buyer] = [party(a), party(b)];
  await environment.run(Promise.all([a.start(), b.start()]));
  networks.link(a.self, b.self);
  return { environment, networks, seller, buyer, nodes: [a, b] };
}

async function sealedYear({ seller, buyer, environment, nodes }: World) {
  const series = quarterHours({ days: 365 });
  const { asset, document } = await seller.addDataset(series);
  const recipientKey = await buyer.createRecipientKey();
  const trade: SettlementTrade = {
    tradeId: crypto.sha256(recipientKey),
    asset,
    seller: nodes[0].self,
    buyer: nodes[1].self,
    suite: 'x-wing',
    recipientKey,
  };
  const delivery = await environment.run(seller.seal(trade));
  return { series, trade, document, delivery };
}

describe('over a simulated network', () => {
  it.each([1, 2, 3, 4, 5])('delivers a year whatever the latencies of seed %i', async (seed) => {
    const all = await world(seed);
    const { environment, seller, buyer } = all;
    const { series, trade, document, delivery } = await sealedYear(all);
    await environment.run(buyer.receive(trade, document, delivery));
    const wrapped = await seller.release(trade);
    const outcome = await environment.run(buyer.open(trade, document, delivery, wrapped));
    expect(outcome).toMatchObject({ kind: 'opened', consumption: { values: series.consumption.values } });
  });

  it('ends with a typed error when the seller crashes half-way, and goes on when it is back', async () => {
    const all = await world(9);
    const { environment, networks, buyer, nodes } = all;
    const { trade, document, delivery } = await sealedYear(all);
    const receiving = buyer.receive(trade, document, delivery).then(
      () => 'received',
      (error: { readonly code?: string }) => error.code,
    );
    await environment.advance(1);
    networks.cut(nodes[0].self, nodes[1].self);
    expect(await environment.run(receiving)).toMatch(/^ERR_(CONTENT_UNREACHABLE|TIMEOUT)$/);
    networks.heal();
    networks.link(nodes[0].self, nodes[1].self);
    await environment.run(buyer.receive(trade, document, delivery));
  });

  it('gives up at the deadline when the seller stays silent', async () => {
    const all = await world(10);
    const { environment, nodes, buyer } = all;
    const { trade, document, delivery } = await sealedYear(all);
    await all.seller.stop();
    nodes[0].handle('/edmp/content/1', () => new Promise(() => undefined));
    const before = environment.now();
    await expect(environment.run(buyer.receive(trade, document, delivery))).rejects.toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^ERR_(TIMEOUT|CONTENT_UNREACHABLE)$/) }),
    );
    expect(environment.now() - before).toBeLessThanOrEqual(120_000);
  });
});
