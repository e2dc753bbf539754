import { createSettlement, memoryContentStore } from '@edmp/data-settlement';
import { memoryKeyValueStore, type Network, type SettlementTrade, virtualEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { encodeDatasetDocument } from '@edmp/interface/dataset';
import { encodeCanonical } from '@edmp/interface/format';
import { simulatedNetworks } from '@edmp/trustchain/simulated';
import type { Series } from './fixtures.ts';

const crypto = nodeCrypto({ threads: false });

/** A network that writes down the length of every request and frame that passes. */
function counted(network: Network, lengths: number[]): Network {
  return {
    ...network,
    get self() {
      return network.self;
    },
    request(peer, protocol, body, options) {
      lengths.push(body.length);
      const frames = network.request(peer, protocol, body, options);
      return (async function* () {
        for await (const frame of frames) {
          lengths.push(frame.length);
          yield frame;
        }
      })();
    },
  };
}

/**
 * Every size of a trade that somebody sees who has not paid: the document on the ledger, what the acceptance says (chunks,
 * bytes), manifest and blocks, and the requests and answers on the simulated wire.
 */
export async function sizesOfTrade(series: Series): Promise<readonly number[]> {
  const environment = virtualEnvironment({ seed: 1 });
  const networks = simulatedNetworks({ environment, seed: 1 });
  const [a, b] = [networks.create(), networks.create()];
  const wire: number[] = [];
  const party = (network: Network) => {
    const content = memoryContentStore({ crypto, environment });
    const settlement = createSettlement({
      crypto,
      environment,
      network,
      content,
      secrets: memoryKeyValueStore(),
    });
    return { content, settlement };
  };
  const [seller, buyer] = [party(a), party(counted(b, wire))];
  await environment.run(Promise.all([a.start(), b.start()]));
  networks.link(a.self, b.self);
  const { asset, document } = await seller.settlement.addDataset(series);
  const recipientKey = await buyer.settlement.createRecipientKey();
  const tradeId = crypto.sha256(recipientKey);
  const trade: SettlementTrade = {
    tradeId,
    asset,
    seller: a.self,
    buyer: b.self,
    suite: 'x-wing',
    recipientKey,
  };
  const delivery = await environment.run(seller.settlement.seal(trade));
  await environment.run(buyer.settlement.receive(trade, document, delivery));
  const { settlementRoot, chunks, bytes } = delivery;
  const accepted = encodeCanonical({ settlementRoot, manifest: delivery.manifest, chunks, bytes });
  const blocks: number[] = [];
  for await (const cid of buyer.content.list()) blocks.push((await buyer.content.get(cid)).length);
  blocks.sort((x, y) => x - y);
  const sizes = [document.chunks, encodeDatasetDocument(document).length, accepted.length, chunks, bytes];
  // The wire carries frames one by one; how they are cut into packets is the transport's, and sees lengths only.
  const result = [...sizes, wire.length, ...wire, ...blocks];
  await seller.settlement.stop();
  await buyer.settlement.stop();
  await Promise.all([a.stop(), b.stop()]);
  return result;
}
