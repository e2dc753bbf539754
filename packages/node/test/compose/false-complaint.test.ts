import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemEnvironment, virtualEnvironment } from '@edmp/interface';
import { price } from '@edmp/market';
import { type OehuEmulator, startOehuEmulator } from '@edmp/oehu-client/emulator';
import { constantLatency, simulatedNetworks } from '@edmp/trustchain/simulated';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { proofsText } from '../../src/cli/deals.ts';
import { type CreateNodeOptions, createNode, type EdmpNode } from '../../src/compose/create-node.ts';
import { openDataFolder } from '../../src/compose/data-folder.ts';
import { oehuMeters } from '../../src/compose/oehu.ts';
import { runCli } from '../support/run-cli.ts';

const HOUR = 3_600_000;
/** A winter’s day, past midnight in the meter’s zone. */
const NOW = Date.parse('2026-02-10T08:00:00Z');
const environment = virtualEnvironment({ seed: 5, start: NOW });
const networks = simulatedNetworks({ environment, seed: 5, latency: constantLatency(2) });
let folder: string;
const nodes: EdmpNode[] = [];
let emulator: OehuEmulator;

async function start(name: string, more: Partial<CreateNodeOptions>): Promise<EdmpNode> {
  const node = await createNode({
    name,
    folder: openDataFolder(join(folder, name), environment),
    environment,
    network: networks.create,
    matchmaker: false,
    zone: 'Europe/Amsterdam',
    ...more,
  });
  nodes.push(node);
  return node;
}

/** Lets virtual time pass, and the disk its real time. */
async function until(done: () => boolean | Promise<boolean>, stepMs = 50): Promise<void> {
  for (let step = 0; step < 4_000; step++) {
    if (await done()) return;
    await environment.advance(stepMs);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error('it did not come to pass in the time of the test');
}

async function act<T>(call: Promise<T>): Promise<T> {
  let settled = false;
  const result = call.finally(() => {
    settled = true;
  });
  result.catch(() => undefined);
  await until(() => settled);
  return result;
}

describe('a node whose buyer lied', { timeout: bounds.journey }, () => {
  let seller: EdmpNode;
  let buyer: EdmpNode;
  let trade: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edmp-lie-'));
    const witness = await start('witness', { notary: true, matchmaker: true });
    const witnesses = { keys: witness.market.notaryKeys };
    emulator = await startOehuEmulator({
      port: 0,
      seed: 7,
      households: 1,
      start: NOW - 3 * 24 * HOUR,
      days: 3,
      now: () => environment.now(),
      environment: systemEnvironment(),
    });
    const meters = { source: oehuMeters(emulator.url, systemEnvironment()), label: 'emulator' };
    seller = await start('seller', { witnesses, meters });
    buyer = await start('buyer', { witnesses, fault: 'complain-falsely' });
    for (const [a, b] of [
      [seller, buyer],
      [seller, witness],
      [buyer, witness],
    ] as const)
      networks.link(a.key, b.key);
    await environment.advance(500);
    // No virtual time passes while real sockets are read.
    const [meter] = await seller.service.meters();
    const { asset } = await seller.service.offer({
      meter: meter?.id ?? '',
      commodity: 'electricity',
      flow: 'import',
      step: 'PT15M',
      from: '2026-02-09',
      to: '2026-02-09',
      title: 'A day',
      price: 7n,
      currency: 'DUM1',
      supply: 3,
      accuracy: 'hidden',
      purposes: ['research'],
      lifetimeMs: 24 * HOUR,
    });
    const unit = price('DUM1', 7);
    await until(async () => (await buyer.market.listings({ asset })).length > 0);
    await act(buyer.market.buy({ asset, price: unit, lifetimeMs: 24 * HOUR }));
    await until(() => buyer.market.trades().some(({ state }) => state === 'complaining'));
    trade = buyer.market.trades()[0]?.id ?? '';
    await until(async () => (await seller.service.tradeProofs(trade)).length > 0, 30_000);
  }, bounds.journey);
  afterAll(async () => {
    let stopped = false;
    const stopping = Promise.all(nodes.map((node) => node.stop())).then(() => {
      stopped = true;
    });
    await until(() => stopped);
    await stopping;
    await emulator.stop();
    await rm(folder, { recursive: true, force: true });
  }, bounds.journey);

  it('lists the proof, in words too', async () => {
    const proofs = await seller.service.tradeProofs(trade);
    expect(proofs).toMatchObject([{ kind: 'false-complaint', against: 'buyer', guilty: true }]);
    expect(proofsText(proofs)).toMatch(/^false-complaint \(\d+ bytes\) proves that the buyer cheated: /);
  });

  it('exports it with the deal when it is asked to, and `verify` checks it with no node', async () => {
    const { bytes } = await act(seller.service.deal(trade, { withProof: true }));
    const file = join(folder, 'deal.edmp');
    await writeFile(file, bytes);
    const good = await runCli(['verify', file]);
    expect(good).toMatchObject({ code: 0, stderr: '' });
    expect(good.stdout).toMatch(
      /ok {5}The buyer’s false complaint: [0-9a-f]{16}… signed it, and it is not true/,
    );
    // A byte of the buyer's signature, which stands behind its name.
    const at = Buffer.from(bytes).lastIndexOf(Buffer.from('signature')) + 20;
    await writeFile(join(folder, 'forged.edmp'), bytes.with(at, (bytes[at] ?? 0) ^ 1));
    const bad = await runCli(['verify', join(folder, 'forged.edmp')]);
    expect(bad.code).toBe(1);
    expect(bad.stdout).toMatch(/BROKEN The buyer’s false complaint: /);
  });

  it('deals with that buyer no more', async () => {
    const [listing] = await buyer.market.listings({});
    if (listing === undefined) throw new Error('nothing is for sale');
    const { asset, price: unit } = listing;
    await act(buyer.market.buy({ asset, price: unit, lifetimeMs: HOUR, again: true }));
    await until(() => buyer.market.trades()[1]?.finished === true);
    expect(buyer.market.trades()[1]?.failure?.reason).toMatch(/fraud/i);
  });

  it('erases the proof with the deal', async () => {
    for (const order of seller.market.orders()) await act(seller.market.cancel(order.id));
    await act(seller.service.eraseTrade(trade));
    expect(await seller.service.tradeProofs(trade)).toEqual([]);
  });
});
