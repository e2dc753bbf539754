import { virtualEnvironment } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { type Spending, spendingOf } from '../../src/blocks/spending.ts';
import { IncomingPayments } from '../../src/desk/incoming.ts';
import { author, toyCrypto as crypto, issue, quorum, START } from '../support/money.ts';

describe('payments that never get a certificate', () => {
  it('1 024 of them keep no later one from being looked for', async () => {
    const environment = virtualEnvironment({ seed: 1, start: START });
    const notaries = quorum('n', 1, crypto);
    const [self, issuer, attacker] = ['self', 'issuer', 'attacker'].map((name) => author(name, crypto));
    const { currency } = await issue(issuer!, notaries);
    const { currency: worthless } = await issue(attacker!, notaries, 'JUNK');
    const counted = new Set<string>();
    const stop = new AbortController();
    const real = await issuer!.transfer(currency, self!.key, 500n);
    const incoming = new IncomingPayments({
      self: self!.key,
      environment,
      store: { since: async () => [] },
      counts: ({ key }) => counted.has(key),
      fetch: async (_peer, ids) => {
        if (!ids.some((id) => id.equals(real.id))) return [];
        return [await notaries.certificate('spend', real, currency.block.id)];
      },
      cover: async () => undefined,
      receive: async () => undefined,
      learn: async ({ subject }) => {
        counted.add(subject.toString());
      },
      knows: async (spending: Spending) => spending.money.currency === currency.id,
      report: () => undefined,
      signal: stop.signal,
    });
    for (let i = 0; i < 1_024; i++)
      incoming.onBlock((await attacker!.transfer(worthless, self!.key, 1n)).block);
    await environment.advance(10_000);
    incoming.onBlock(real.block);
    await environment.advance(10_000);
    expect(counted.has(spendingOf(real.block)!.key)).toBe(true);
    stop.abort();
  });
});
