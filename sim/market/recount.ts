import { publicKeyToHex } from '../../packages/interface/src/index.ts';
import type { Spending } from '../../packages/market/src/codec.ts';
import type { IssuedCurrency } from '../../packages/market/src/ledger.ts';
import type { Findings } from '../lib/findings.ts';
import type { Universe } from './universe.ts';

interface Income {
  readonly to: string;
  readonly amount: bigint;
}

/**
 * Counts an issued currency anew from certified blocks and outcomes alone, without the market's ledger: accounts, open
 * holds and unclaimed incomes must add up to nothing.
 */
export function recount(universe: Universe, currency: IssuedCurrency, findings: Findings): void {
  const all = [...universe.spendings.values()].filter(({ money }) => money.currency === currency.id);
  const certified = certifiedOf(universe, all, findings);
  const incomes = new Map<string, Income>();
  let held = 0n;
  for (const spending of certified.values()) {
    const { money, key, hold, authorHex } = spending;
    if (money.to === null) continue;
    const seller = publicKeyToHex(money.to);
    if (hold === null) incomes.set(key, { to: seller, amount: money.pay });
    else if (universe.has('paid', key)) incomes.set(key, { to: seller, amount: money.pay });
    else if (universe.has('none', key) || universe.has('refund', key)) {
      incomes.set(key, { to: authorHex, amount: money.pay });
    } else held += money.pay;
  }
  const issuer = publicKeyToHex(currency.issuer);
  const heads = new Map<string, Spending>();
  const claimed = new Set<string>();
  for (const spending of certified.values()) {
    const { authorHex, money } = spending;
    const head = heads.get(authorHex);
    if (head === undefined || head.money.n < money.n) heads.set(authorHex, spending);
    if (money.balance < 0n && authorHex !== issuer) {
      findings.add('created', 'negative-balance', `${authorHex.slice(0, 8)} stands at ${money.balance}`);
    }
    for (const { id, amount } of money.claims) {
      const name = id.toString();
      const income = incomes.get(name);
      if (income === undefined || income.to !== authorHex || income.amount !== amount) {
        findings.add('created', 'claim-of-nothing', `${authorHex.slice(0, 8)} claims ${amount} of ${name}`);
      }
      if (claimed.has(name)) findings.add('created', 'claimed-twice', name);
      claimed.add(name);
    }
  }
  const accounts = [...heads.values()].reduce((sum, { money }) => sum + money.balance, 0n);
  const unclaimed = [...incomes]
    .filter(([name]) => !claimed.has(name))
    .reduce((sum, [, { amount }]) => sum + amount, 0n);
  const sum = accounts + held + unclaimed;
  if (sum !== 0n) {
    findings.add(
      sum > 0n ? 'created' : 'lost',
      'sum',
      `accounts ${accounts}, held ${held}, unclaimed ${unclaimed}`,
    );
  }
  const total = universe.ledger.total(currency.id);
  if (total.accounts !== accounts || total.held !== held || total.unclaimed !== unclaimed) {
    findings.add(
      'violations',
      'ledger-differs',
      `the ledger has ${total.accounts}, ${total.held}, ${total.unclaimed}; counted are ${accounts}, ${held}, ${unclaimed}`,
    );
  }
}

/** Blocks that a certificate covers: their own, or that of a later one of the account. */
function certifiedOf(
  universe: Universe,
  all: readonly Spending[],
  findings: Findings,
): ReadonlyMap<string, Spending> {
  const certified = new Map<string, Spending>();
  const slots = new Map<string, string>();
  for (const spending of all) {
    if (!universe.has('spend', spending.key)) continue;
    for (let at: Spending | undefined = spending; at !== undefined && !certified.has(at.key); ) {
      certified.set(at.key, at);
      const slot = `${at.authorHex}/${at.money.n}`;
      const other = slots.get(slot);
      if (other !== undefined && other !== at.key) {
        findings.add('created', 'two-certified', `${other} and ${at.key}`);
      }
      slots.set(slot, at.key);
      at = at.money.prev === null ? undefined : universe.spendings.get(at.money.prev.toString());
    }
  }
  return certified;
}

/** Certificates about one hold that must not exist together. */
export function checkExclusion(universe: Universe, findings: Findings): void {
  for (const { key, hold } of universe.spendings.values()) {
    if (hold === null) continue;
    const acked = universe.acknowledged(key);
    const [none, paid, refund] = (['none', 'paid', 'refund'] as const).map((kind) => universe.has(kind, key));
    if (acked.length > 1) findings.add('violations', 'two-releases-acknowledged', key);
    if (acked.length > 0 && none) findings.add('violations', 'ack-and-none', key);
    if (paid && refund) findings.add('violations', 'paid-and-refund', key);
    if (paid && none) findings.add('violations', 'paid-and-none', key);
  }
}
