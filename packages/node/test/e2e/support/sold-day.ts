import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContentLinkView } from '@edmp/node/client';
import { endedTrade, eventually, newestDay, nodeProcesses, type RunningNode } from './two-nodes.ts';

/** A seller that runs, and a buyer that bought a day of it; both folders go with `stop`. */
export interface SoldDay {
  readonly folder: string;
  readonly seller: RunningNode;
  readonly buyer: RunningNode;
  /** Id of the trade. */
  readonly trade: string;
  readonly link: ContentLinkView;
  /** Starts one of the two again; the other may still run. */
  start(name: 'seller' | 'buyer', args?: readonly string[]): Promise<RunningNode>;
  /** Buys a day of the seller, and gives the id of the trade. */
  buy(seller: RunningNode, buyer: RunningNode): Promise<string>;
  stop(): Promise<void>;
}

/** Two node processes with one finished deal between them. */
export async function soldDay(more: { readonly seller?: readonly string[] } = {}): Promise<SoldDay> {
  const processes = nodeProcesses();
  const folder = await mkdtemp(join(tmpdir(), 'edmp-ipfs-'));
  const start = (name: 'seller' | 'buyer', args: readonly string[] = []): Promise<RunningNode> =>
    processes.start(join(folder, name), [
      '--name',
      name,
      '--meters',
      name === 'seller' ? 'emulator' : 'none',
      '--without-witnesses',
      '--no-web',
      ...args,
    ]);
  const buy = async (seller: RunningNode, buyer: RunningNode): Promise<string> => {
    const day = await newestDay(seller);
    const [meter] = await seller.client.meters();
    const { asset } = await seller.client.offer({
      commodity: 'electricity',
      flow: 'import',
      step: 'PT15M',
      meter: meter?.id ?? '',
      from: day,
      to: day,
      title: 'A day of a household',
      price: 1n,
      currency: 'DUM1',
      supply: 1,
      accuracy: 'town',
      purposes: ['research'],
      lifetimeMs: 3_600_000,
    });
    await eventually(`listing of ${asset}`, async () => (await buyer.client.listings({ asset }))[0]);
    const { order } = await buyer.client.buy({ asset });
    const ended = await endedTrade(buyer, order);
    if (ended.failed !== null) throw new Error(`The deal failed: ${ended.failed}`);
    return ended.id;
  };
  const seller = await start('seller', more.seller);
  const buyer = await start('buyer', ['--connect', seller.address]);
  const trade = await buy(seller, buyer);
  return {
    folder,
    seller,
    buyer,
    trade,
    link: await seller.client.contentLink(trade),
    start,
    buy,
    async stop() {
      await processes.stopAll();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
