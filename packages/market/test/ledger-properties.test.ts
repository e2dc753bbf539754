import { bytesToHex, type HalfBlock, type PublicKey, publicKeyToHex, seededRandom } from '@edmp/interface';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CURRENCY_TYPE, type Currency, DUM1, DUM2 } from '../src/asset/currency.ts';
import { currencyRegister } from '../src/asset/currency-register.ts';
import { spendingOf } from '../src/blocks/spending.ts';
import { createLedger } from '../src/ledger/create-ledger.ts';
import { type Hold, OUTCOME_KINDS, type OutcomeKind } from '../src/ledger/hold.ts';
import type { Ledger } from '../src/ledger/ledger.ts';
import type { Certificate } from '../src/notary/certificate.ts';
import { ASSET, START, toyCrypto } from './support/money.ts';
import { type History, type HistoryOptions, randomHistory } from './support/money-history.ts';

type Item = HalfBlock | Certificate;

function emptyLedger(): Ledger {
  return createLedger({ crypto: toyCrypto, currencies: currencyRegister(), now: START });
}

function apply(ledger: Ledger, item: Item): void {
  if ('core' in item) ledger.applyBlock(item);
  else ledger.applyCertificate(item);
}

const itemsOf = ({ blocks, certificates }: History): readonly Item[] => [...blocks, ...certificates];

function shuffled<T>(items: readonly T[], seed: number): readonly T[] {
  const random = seededRandom(seed);
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}

const byText = (a: string, b: string): number => (a < b ? -1 : 1);

function holdText(hold: Hold): string {
  const { key, counts, outcome, receipt, terms } = hold;
  return `${key} ${counts} ${outcome?.kind} ${receipt?.id} ${terms !== undefined}`;
}

function accountText(ledger: Ledger, key: PublicKey, { id }: Currency): string {
  const { n, head, certified, balance, claimable, state } = ledger.account(key, id);
  const claims = claimable
    .map(
      (claim) =>
        `${claim.id}:${claim.amount}:${claim.certificate === null ? '' : bytesToHex(claim.certificate)}`,
    )
    .sort(byText);
  const { available, held, pending, earned } = ledger.balance(key, id);
  return [n, head?.key, certified, balance, state, available, held, pending, earned, ...claims].join(' ');
}

/** Everything that a ledger shows, as text. */
function textOf(ledger: Ledger, { keys, currencies }: History): readonly string[] {
  const lines: string[] = [];
  for (const currency of currencies) {
    const { accounts, held, unclaimed } = ledger.total(currency.id);
    lines.push(`${currency.id} ${accounts} ${held} ${unclaimed} ${ledger.issued(currency.id)}`);
    for (const key of keys) {
      lines.push(accountText(ledger, key, currency));
      for (const { id, status, amount } of ledger.movements(key, currency.id))
        lines.push(`${id} ${status} ${amount}`);
    }
  }
  const holds = keys.flatMap((key) => ledger.holdsOf(key)).map(holdText);
  const licences = ledger.licences(ASSET).map(({ hold, status }) => `${hold} ${status}`);
  return [...lines, ...holds.sort(byText), ...licences, ...ledger.accounts().toSorted(byText)];
}

const WILD: HistoryOptions = { steps: 100, forks: true, cheats: true, liars: true };

/** Runs a property over random histories. */
function overHistories(
  options: HistoryOptions,
  check: (history: History, seed: number) => void,
  numRuns: number,
): Promise<void> {
  return fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 2 ** 31 }),
      fc.integer({ min: 1, max: options.steps }),
      async (seed, steps) => {
        check(await randomHistory(seed, { ...options, steps }), seed);
      },
    ),
    { numRuns },
  );
}

/** Strength of an outcome; it never falls. */
const strength = (kind: OutcomeKind | undefined): number =>
  kind === undefined ? -1 : OUTCOME_KINDS.indexOf(kind);

describe('any history', () => {
  it('gives one ledger in whatever order it arrives, the clock included', async () => {
    await overHistories(
      WILD,
      (history, seed) => {
        const items = itemsOf(history);
        const texts = [0, 1, 2].map((round) => {
          const ledger = emptyLedger();
          const clock = seededRandom(seed).fork(`${round}`);
          for (const item of round === 0 ? items : shuffled(items, seed + round)) {
            if (clock.below(10) === 0) ledger.advance(START + clock.below(history.end - START + 1));
            apply(ledger, item);
            if (clock.below(20) === 0) apply(ledger, item);
          }
          ledger.advance(history.end);
          return textOf(ledger, history);
        });
        expect(texts[1]).toEqual(texts[0]);
        expect(texts[2]).toEqual(texts[0]);
      },
      300,
    );
  }, 120_000);

  it('takes nothing back: what counts counts for ever, and nobody’s total falls by what another did', async () => {
    await overHistories(
      WILD,
      (history, seed) => {
        const ledger = emptyLedger();
        const counted = new Set<string>();
        const outcomes = new Map<string, OutcomeKind>();
        const certified = new Map<string, number>();
        for (const item of shuffled(itemsOf(history), seed)) {
          const before = totalsOf(ledger, history);
          apply(ledger, item);
          const doer = doerOf(item, history.blocks);
          for (const [name, { total, earned }] of totalsOf(ledger, history)) {
            const was = before.get(name)!;
            expect(earned).toBeGreaterThanOrEqual(was.earned);
            if (doer === undefined || name.startsWith(doer)) continue;
            expect(total, name).toBeGreaterThanOrEqual(was.total);
          }
          for (const key of history.keys) {
            for (const hold of ledger.holdsOf(key)) {
              if (counted.has(hold.key)) expect(hold.counts).toBe(true);
              if (hold.counts) counted.add(hold.key);
              const was = outcomes.get(hold.key);
              expect(strength(hold.outcome?.kind)).toBeGreaterThanOrEqual(strength(was));
              if (hold.outcome !== null) outcomes.set(hold.key, hold.outcome.kind);
            }
            for (const { id } of history.currencies) {
              const name = `${publicKeyToHex(key)} ${id}`;
              const now = ledger.account(key, id).certified;
              expect(now).toBeGreaterThanOrEqual(certified.get(name) ?? 0);
              certified.set(name, now);
            }
          }
        }
      },
      100,
    );
  }, 120_000);
});

interface Total {
  readonly total: bigint;
  readonly earned: bigint;
}

/** What each account has in each currency, held money and what it earned included. */
function totalsOf(ledger: Ledger, { keys, currencies }: History): ReadonlyMap<string, Total> {
  const totals = new Map<string, Total>();
  for (const key of keys) {
    for (const { id } of currencies) {
      const { available, held, earned } = ledger.balance(key, id);
      totals.set(`${publicKeyToHex(key)} ${id}`, { total: available + held + earned, earned });
    }
  }
  return totals;
}

/**
 * Whose account an item is about: the author of a block, or of the block that a certificate names. Undefined for a
 * currency's block: what waited for it is anybody's.
 */
function doerOf(item: Item, blocks: readonly HalfBlock[]): string | undefined {
  if ('core' in item) return item.core.type === CURRENCY_TYPE ? undefined : publicKeyToHex(item.core.key);
  const subject = blocks.find(({ id }) => id.equals(item.subject));
  return subject === undefined ? undefined : publicKeyToHex(subject.core.key);
}

describe('issued money', () => {
  it('adds up to nothing, and nobody but an issuer is below zero, forks, cheats and f liars or not', async () => {
    await overHistories(
      { ...WILD, money: 'issued', steps: 80 },
      (history, seed) => {
        const ledger = emptyLedger();
        for (const item of shuffled(itemsOf(history), seed)) apply(ledger, item);
        const issuers = new Set(history.issuers.map(publicKeyToHex));
        for (const { id, kind } of history.currencies) {
          if (kind !== 'issued') continue;
          const { accounts, held, unclaimed } = ledger.total(id);
          expect(accounts + held + unclaimed).toBe(0n);
          expect(held).toBeGreaterThanOrEqual(0n);
          expect(unclaimed).toBeGreaterThanOrEqual(0n);
          expect(ledger.issued(id) >= 0n || history.issuers.length === 0).toBe(true);
          for (const key of history.keys) {
            const { available } = ledger.balance(key, id);
            if (!issuers.has(publicKeyToHex(key))) expect(available).toBeGreaterThanOrEqual(0n);
          }
        }
      },
      300,
    );
  }, 120_000);

  it('keeps everybody but issuers above zero while it arrives, too', async () => {
    await overHistories(
      { ...WILD, money: 'issued' },
      (history, seed) => {
        const ledger = emptyLedger();
        for (const item of shuffled(itemsOf(history), seed)) {
          apply(ledger, item);
          for (const key of history.keys) {
            if (history.issuers.includes(key)) continue;
            for (const { id } of history.currencies) {
              expect(ledger.account(key, id).balance).toBeGreaterThanOrEqual(0n);
              expect(ledger.balance(key, id).available).toBeGreaterThanOrEqual(0n);
            }
          }
        }
      },
      60,
    );
  }, 120_000);

  it('never has two outcomes, or two spends of one number, by f liars of 3f + 1', async () => {
    await overHistories(
      { ...WILD, steps: 100 },
      ({ blocks, certificates }) => {
        const spends = new Map<string, string>();
        const ends = new Map<string, boolean>();
        const spendings = new Map(blocks.map((block) => [block.id.toString(), spendingOfAny(block)]));
        for (const { kind, subject } of certificates) {
          const key = subject.toString();
          if (kind === 'spend') {
            const { authorHex, money } = spendings.get(key)!;
            const slot = `${authorHex} ${money.currency} ${money.n}`;
            expect(spends.get(slot) ?? key).toBe(key);
            spends.set(slot, key);
          } else {
            expect(ends.get(key) ?? kind === 'paid').toBe(kind === 'paid');
            ends.set(key, kind === 'paid');
          }
        }
      },
      200,
    );
  }, 120_000);
});

function spendingOfAny(block: HalfBlock): ReturnType<typeof spendingOf> {
  try {
    return spendingOf(block);
  } catch {
    return undefined;
  }
}

describe('test money', () => {
  it('is what was granted, without forks: balances, holds, refunds and what was earned', async () => {
    await overHistories(
      { ...WILD, forks: false, money: 'test', steps: 100 },
      (history, seed) => {
        const ledger = emptyLedger();
        for (const item of shuffled(itemsOf(history), seed)) apply(ledger, item);
        ledger.advance(history.end);
        for (const { id, grant } of [DUM1, DUM2]) {
          const { accounts, held, unclaimed } = ledger.total(id);
          const touched = history.keys.filter((key) =>
            ledger.accounts().includes(publicKeyToHex(key)),
          ).length;
          expect((accounts + held + unclaimed) % grant).toBe(0n);
          expect(accounts + held + unclaimed).toBeLessThanOrEqual(BigInt(touched) * grant);
          for (const key of history.keys) {
            const { available, held: own } = ledger.balance(key, id);
            expect(available).toBeGreaterThanOrEqual(0n);
            expect(available + own).toBeLessThanOrEqual(grant);
          }
        }
      },
      200,
    );
  }, 120_000);
});

describe('the histories', () => {
  it('hold what they are to hold: every kind of state, outcome and fork', async () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const history = await randomHistory(seed, { ...WILD, steps: 120 });
      const ledger = emptyLedger();
      for (const item of itemsOf(history)) {
        const changes = 'core' in item ? ledger.applyBlock(item) : ledger.applyCertificate(item);
        for (const { type } of changes) seen.add(type);
      }
      for (const key of history.keys) {
        for (const hold of ledger.holdsOf(key)) {
          seen.add(`${hold.outcome?.kind}`);
          if (hold.receipt !== null && (hold.outcome?.kind === 'refund' || hold.outcome?.kind === 'none')) {
            seen.add('receipt and refund');
          }
        }
        for (const { id, kind } of history.currencies) seen.add(`${kind} ${ledger.account(key, id).state}`);
      }
    }
    for (const kind of [
      ...OUTCOME_KINDS,
      'undefined',
      'hold',
      'outcome',
      'certified',
      'income',
      'fork',
      'broken',
      'test ok',
      'test forked',
      'test broken',
      'issued ok',
      'issued forked',
      'issued broken',
      'receipt and refund',
    ]) {
      expect(seen, kind).toContain(kind);
    }
  }, 120_000);
});
