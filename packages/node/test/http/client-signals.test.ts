import { virtualEnvironment } from '@edmp/interface';
import { createNodeClient, type NodeClient, type NodeEvent } from '@edmp/node/client';
import { startHttp } from '@edmp/node/http';
import { describe, expect, it } from 'vitest';
import { httpMarket, OFFER, TOKEN } from '../support/http.ts';

/** A client of a node that never answers, and how many questions are still open there. */
function silent() {
  const open = new Set<AbortSignal>();
  const fetch = (_: unknown, init: RequestInit = {}): Promise<Response> =>
    new Promise((_resolve, reject) => {
      const signal = init.signal as AbortSignal;
      open.add(signal);
      signal.addEventListener('abort', () => {
        open.delete(signal);
        reject(signal.reason);
      });
    });
  const environment = virtualEnvironment();
  return { open, client: createNodeClient({ url: 'http://node.test', fetch, environment }) };
}

type Method = Exclude<keyof NodeClient, 'on' | 'onLive' | 'events' | 'follow'>;
const day = { from: '2026-01-05', to: '2026-01-05', commodity: 'electricity', flow: 'import' } as const;
const curve = { meter: 'm', step: 'PT1H', ...day } as const;
/** Arguments of every method but the options. */
const methods: Readonly<Record<Method, readonly unknown[]>> = {
  info: [],
  meters: [],
  mounts: [],
  discoverMeters: [],
  addMeter: [{ address: 'tcp://127.0.0.1:1' }],
  removeMeter: ['m'],
  importReadings: ['m', new Uint8Array(1), {}],
  previewReadings: [new Uint8Array(1), {}],
  exportReadings: [{ meter: 'm', from: '2026-01-05', to: '2026-01-05', format: 'csv' }],
  curve: [curve],
  reveals: [curve],
  offer: [OFFER],
  listings: [{ limit: 1 }],
  ask: [{ asset: 'EWa', currency: 'DUM1', price: 1n, supply: 1, lifetimeMs: 1 }],
  buy: [{ asset: 'EWa' }],
  cancel: ['o'],
  orders: [],
  book: [],
  trades: [],
  trade: ['t'],
  tradeEvidence: ['t'],
  published: [],
  publish: [],
  withdrawPublished: [],
  contentLink: ['t'],
  peers: [],
  communities: [],
  joinCommunity: ['edmp:1'],
  leaveCommunity: ['c'],
  invitation: [],
  names: [],
  nameKey: ['00'.repeat(32), 'A name'],
  practice: [],
  setPractice: [true],
  storage: [],
  pruneStorage: [{ dryRun: true }],
  deal: ['t', {}],
  tradeProofs: ['t'],
  eraseTrade: ['t'],
  delivery: ['t'],
  download: ['t', 'json'],
  currencies: [],
  issueCurrency: [{ label: 'SUN' }],
  addCurrency: [new Uint8Array(3)],
  transfer: [{ wallet: 'DUM1', to: '00', amount: 1n }],
  claim: ['DUM1'],
  trust: ['aa'.repeat(32)],
  wallets: [],
  transactions: ['DUM1'],
  blocks: [{ limit: 1 }],
  block: ['b'],
  matchmakers: [],
  consents: [],
  consentLog: [],
  consentRecords: [],
  withdrawConsent: ['c'],
};

describe('a call of the client', () => {
  it.each(Object.entries(methods))('%s ends when its signal fires', async (name, args) => {
    const { open, client } = silent();
    const controller = new AbortController();
    const call = client[name as Method] as (...all: unknown[]) => Promise<unknown>;
    const answer = call(...args, { signal: controller.signal });
    const outcome = expect(answer).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    await Promise.resolve();
    expect(open.size).toBe(1);
    controller.abort();
    await outcome;
    expect(open.size).toBe(0);
  });

  it('has a row above, whatever it is', () => {
    const { client } = silent();
    const others = ['on', 'onLive', 'events', 'follow'];
    expect(Object.keys(methods).sort()).toEqual(
      Object.keys(client)
        .filter((name) => !others.includes(name))
        .sort(),
    );
  });
});

describe('events of the client in a loop', () => {
  it('come from the node until the loop is left', async () => {
    const { environment, seller } = httpMarket();
    const server = await startHttp({ app: seller.app, port: 0 });
    try {
      const client = createNodeClient({ url: server.url, token: TOKEN, environment });
      const events = client.events();
      const first = events.next() as Promise<IteratorResult<NodeEvent>>;
      // The stream is there when a listing is told; one is made until then.
      let told: IteratorResult<NodeEvent> | undefined;
      void first.then((result) => {
        told = result;
      });
      while (told === undefined) await client.offer({ ...OFFER, price: 10n });
      expect(await first).toMatchObject({ done: false, value: { type: 'listing' } });
      await events.return?.();
      expect((await events.next()).done).toBe(true);
    } finally {
      await server.stop();
    }
  });

  it('end when the signal fires', async () => {
    const controller = new AbortController();
    const { client, open } = silent();
    const next = client.events({ signal: controller.signal }).next();
    controller.abort();
    await expect(next).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(open.size).toBe(0);
  });
});
