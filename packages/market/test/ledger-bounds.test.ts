import { describe, expect, it } from 'vitest';
import { DUM1 } from '../src/asset/currency.ts';
import { currencyRegister } from '../src/asset/currency-register.ts';
import type { Spending } from '../src/blocks/spending.ts';
import { AuthorChain, MAX_CHAIN_BRANCHES } from '../src/ledger/author-chain.ts';
import { createLedger } from '../src/ledger/create-ledger.ts';
import type { LedgerOptions } from '../src/ledger/ledger.ts';
import type { LedgerLimits } from '../src/ledger/limits.ts';
import { Waiting } from '../src/ledger/waiting.ts';
import { author, toyCrypto as crypto, issue, proposed, quorum, START, someId } from './support/money.ts';

const ledgerWith = (limits: Partial<LedgerLimits>, options: Partial<LedgerOptions> = {}) =>
  createLedger({ crypto, currencies: currencyRegister(), now: START, limits, ...options });

describe('what the ledger keeps of what does not count', () => {
  it('is bounded in authors: idle ones give way, those that spend and those that concern oneself do not', async () => {
    const self = author('self', crypto);
    const ledger = ledgerWith({ authors: 2 }, { self: self.key });
    const [spender, idle, late] = [author('spender', crypto), author('idle', crypto), author('late', crypto)];
    ledger.applyBlock((await spender.transfer(DUM1, idle.key, 1n)).block);
    ledger.applyBlock(await idle.sign('x', null));
    ledger.applyBlock(await late.sign('x', null));
    expect([spender, idle, late].map(({ key }) => ledger.known(key))).toEqual([1, 0, 1]);
    ledger.applyBlock((await late.transfer(DUM1, idle.key, 1n)).block);
    ledger.applyBlock(await author('one more', crypto).sign('x', null));
    expect(ledger.known(author('one more', crypto).key)).toBe(0);
    ledger.applyBlock(await author('customer', crypto).sign('x', null, { peer: self.key }));
    ledger.applyBlock(await self.sign('x', null));
    expect(ledger.known(author('customer', crypto).key)).toBe(1);
    expect(ledger.known(self.key)).toBe(1);
    // An author that gave way is known again once its chain is fed again.
    expect(ledger.balance(idle.key, 'DUM1').earned).toBe(2n);
  });

  it('is bounded in blocks that wait, of one author and of all', async () => {
    const ledger = ledgerWith({ waitingBlocksOfAuthor: 3, waitingBlocks: 4 });
    const [one, two] = [author('one', crypto), author('two', crypto)];
    for (const who of [one, two]) for (let i = 0; i < 8; i++) await who.sign('x', null);
    for (const block of one.blocks.slice(1)) ledger.applyBlock(block);
    for (const block of two.blocks.slice(1)) ledger.applyBlock(block);
    ledger.applyBlock(one.blocks[0]!);
    ledger.applyBlock(two.blocks[0]!);
    expect(ledger.known(one.key)).toBe(4);
    expect(ledger.known(two.key)).toBe(2);
    // What found no room is fed again from a store; the room is free again.
    for (const block of one.blocks) ledger.applyBlock(block);
    for (const block of two.blocks.toReversed()) ledger.applyBlock(block);
    expect(ledger.known(one.key)).toBe(8);
    expect(ledger.known(two.key)).toBeGreaterThan(2);
  });

  it('is bounded in uncertified blocks; those that give way are taken again when they are certified', async () => {
    const [issuer, notaries] = [author('issuer', crypto), quorum('n', 1, crypto)];
    const { currency, block } = await issue(issuer, notaries);
    const ledger = ledgerWith({ uncertified: 3, uncertifiedOfAccount: 2 });
    ledger.applyBlock(block);
    const run: Spending[] = [];
    for (let i = 0; i < 4; i++) run.push(await issuer.transfer(currency, author('x', crypto).key, 1n));
    for (const { block: one } of run) ledger.applyBlock(one);
    expect(ledger.account(issuer.key, currency.id).n).toBe(2);
    const [buyer, seller] = [author('buyer', crypto), author('seller', crypto)];
    const hold = await buyer.hold(currency, await proposed(seller, buyer, currency, 1n), {
      changes: { balance: 0n },
    });
    ledger.applyBlock(hold.block);
    expect(ledger.hold(hold.key)).toBeDefined();
    // Two more strangers push out the oldest two, the hold stays; a third pushes it out.
    const strangers = ['a', 'b', 'c'].map((name) => author(name, crypto));
    for (const stranger of strangers) {
      ledger.applyBlock(
        (await stranger.transfer(currency, issuer.key, 1n, { changes: { balance: 0n } })).block,
      );
    }
    expect(ledger.hold(hold.key)).toBeUndefined();
    expect(ledger.holdsOf(seller.key)).toEqual([]);
    expect(ledger.account(issuer.key, currency.id).n).toBe(0);
    const last = run.at(-1)!;
    ledger.applyCertificate(await notaries.certificate('spend', last, block.id));
    for (const { block: one } of run.toReversed()) ledger.applyBlock(one);
    expect(ledger.account(issuer.key, currency.id)).toMatchObject({ n: 4, certified: 4, state: 'ok' });
  });

  it('is bounded in currencies; one that the register lets go takes its holds along', async () => {
    const currencies = currencyRegister({ max: 1 });
    const ledger = ledgerWith({ unknownCurrencies: 2 }, { currencies });
    const [buyer, seller] = [author('buyer', crypto), author('seller', crypto)];
    const [first, second] = [
      await issue(author('first', crypto), quorum('first', 1, crypto)),
      await issue(author('second', crypto), quorum('second', 1, crypto)),
    ];
    ledger.applyBlock(first.block);
    const hold = await buyer.hold(first.currency, await proposed(seller, buyer, first.currency, 1n), {
      changes: { balance: 0n },
    });
    ledger.applyBlock(hold.block);
    expect(ledger.holdsOf(buyer.key)).toHaveLength(1);
    ledger.applyBlock(second.block);
    ledger.applyBlock((await author('second', crypto).transfer(second.currency, buyer.key, 1n)).block);
    expect(ledger.holdsOf(buyer.key)).toEqual([]);
    expect(ledger.total(first.currency.id)).toEqual({ accounts: 0n, held: 0n, unclaimed: 0n });
  });

  it('is bounded in what waits under a name, and in all', () => {
    const waiting = new Waiting<number>(4, 2);
    const same = (item: number) => (kept: number) => kept === item;
    for (const item of [1, 2, 2, 3]) waiting.add('a', item, same(item));
    expect(waiting.size).toBe(2);
    for (const item of [4, 5]) waiting.add('b', item, same(item));
    waiting.add('c', 6, same(6));
    expect(waiting.take('a')).toEqual([]);
    expect(waiting.take('b')).toEqual([4, 5]);
    expect(waiting.take('b')).toEqual([]);
    expect(waiting.size).toBe(1);
  });

  it('is bounded in branches of one author', () => {
    const chain = new AuthorChain<null>();
    const digest = (text: string) => someId(text).multihash.digest;
    expect(chain.place({ seq: 1, digest: digest('root'), prev: null, load: null })).toBeTypeOf('object');
    for (let i = 0; i < MAX_CHAIN_BRANCHES; i++) {
      const item = { seq: 2, digest: digest(`branch ${i}`), prev: digest('root'), load: null };
      expect(chain.place(item), `${i}`).toBeTypeOf('object');
    }
    const more = { seq: 2, digest: digest('one more'), prev: digest('root'), load: null };
    expect(chain.place(more)).toBe('full');
    expect(chain.place({ ...more, digest: digest('branch 5') })).toBe('known');
    expect(chain.place({ seq: 9, digest: digest('later'), prev: digest('unknown'), load: null })).toBe(
      'waiting',
    );
  });
});
