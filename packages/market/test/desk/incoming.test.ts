import { type HalfBlock, virtualEnvironment } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { type Spending, spendingOf } from '../../src/blocks/spending.ts';
import { IncomingPayments } from '../../src/desk/incoming.ts';
import type { Certificate } from '../../src/notary/certificate.ts';
import { author, toyCrypto as crypto, issue, quorum, START } from '../support/money.ts';

const MINUTE = 60_000;

/** A node that was paid `count` times; `isThere` says for which payments somebody has the certificate. */
async function paid(count: number, isThere: (i: number) => boolean) {
  const environment = virtualEnvironment({ seed: 1, start: START });
  const [issuer, self] = [author('issuer', crypto), author('self', crypto)];
  const notary = quorum('n', 1, crypto);
  const { currency, block } = await issue(issuer, notary);
  const payments: Spending[] = [];
  for (let i = 0; i < count; i++) payments.push(await issuer.transfer(currency, self.key, 1n));
  const places = new Map(payments.map(({ key }, i) => [key, i]));
  const counted = new Set<string>();
  const stop = new AbortController();
  let asking = 0;
  let most = 0;
  const stored: HalfBlock[] = [];
  const incoming = new IncomingPayments({
    self: self.key,
    environment,
    store: {
      async since(after, limit) {
        return stored
          .map((each, i) => ({ block: each, arrival: i + 1 }))
          .slice(after, after + (limit ?? 100));
      },
    },
    counts: ({ key }) => counted.has(key),
    async fetch(_peer, [id]) {
      asking++;
      most = Math.max(most, asking);
      await Promise.resolve();
      asking--;
      const i = places.get(id!.toString())!;
      return isThere(i) ? [await notary.certificate('spend', payments[i]!, block.id)] : [];
    },
    cover: async () => undefined,
    receive: async () => undefined,
    async learn({ subject }: Certificate) {
      counted.add(subject.toString());
    },
    knows: async () => true,
    report: (what, error) => {
      throw new Error(what, { cause: error });
    },
    signal: stop.signal,
  });
  return { environment, payments, counted, incoming, stored, stop, most: () => most };
}

describe('payments that came without a certificate', () => {
  it('are all looked for after a start, the oldest of thousands too, and so many at a time', async () => {
    const world = await paid(2_500, (i) => i % 500 === 0);
    world.stored.push(...world.payments.map(({ block }) => block));
    world.incoming.sweep();
    await world.environment.advance(5 * MINUTE);
    expect(world.counted.size).toBe(5);
    expect(world.most()).toBeLessThanOrEqual(1_024);
    world.stop.abort();
  });

  it('are found later when nobody had their certificate at first, without another start', async () => {
    let isBack = false;
    const world = await paid(1_200, (i) => isBack && i === 0);
    world.stored.push(...world.payments.map(({ block }) => block));
    world.incoming.sweep();
    await world.environment.advance(10 * MINUTE);
    expect(world.counted.size).toBe(0);
    isBack = true;
    await world.environment.advance(20 * MINUTE);
    expect(world.counted.size).toBe(1);
    world.stop.abort();
  });

  it('that others pushed aside while they came in are looked for again, too', async () => {
    let isBack = false;
    const world = await paid(1_100, (i) => isBack && i === 3);
    for (const { block } of world.payments) {
      world.stored.push(block);
      world.incoming.onBlock(block);
    }
    await world.environment.advance(MINUTE);
    isBack = true;
    await world.environment.advance(20 * MINUTE);
    expect([...world.counted]).toEqual([world.payments[3]!.key]);
    expect(spendingOf(world.stored[3]!)?.key).toBe(world.payments[3]!.key);
    world.stop.abort();
  });
});
