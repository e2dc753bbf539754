import type { HalfBlock, PublicKey } from '@edmp/interface';
import type { Currency } from '../../src/asset/currency.ts';
import { type CurrencyRegister, currencyRegister } from '../../src/asset/currency-register.ts';
import type { Claim } from '../../src/blocks/money.ts';
import type { Spending } from '../../src/blocks/spending.ts';
import type { LedgerChange } from '../../src/ledger/changes.ts';
import { createLedger } from '../../src/ledger/create-ledger.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { type Certificate, encodeCertificate } from '../../src/notary/certificate.ts';
import { crypto, START } from './money.ts';

/** A ledger that has seen `blocks`. */
export function ledgerOf(
  blocks: readonly HalfBlock[] = [],
  currencies: CurrencyRegister = currencyRegister(),
): Ledger {
  const ledger = createLedger({ crypto, currencies, now: START });
  for (const block of blocks) ledger.applyBlock(block);
  return ledger;
}

/** Names of changes. */
export const types = (changes: readonly LedgerChange[]): readonly string[] => changes.map(({ type }) => type);

/** Takes back what a hold paid. */
export const refundClaim = (hold: Spending, certificate: Certificate | null): Claim => ({
  id: hold.id,
  amount: hold.money.pay,
  certificate: certificate === null ? null : encodeCertificate(certificate),
});

/** Takes what a payment brought. */
export const incomeClaim = (spending: Spending): Claim => ({
  id: spending.id,
  amount: spending.money.pay,
  certificate: null,
});

/** Available, held, pending, earned. */
export const sums = (ledger: Ledger, key: PublicKey, currency: Currency): readonly bigint[] => {
  const { available, held, pending, earned } = ledger.balance(key, currency.id);
  return [available, held, pending, earned];
};
