import { equalBytes, type PublicKey, publicKeyToHex } from '@edmp/interface';
import { boundedMap } from '@edmp/interface/bounded';
import type { Spending } from '../blocks/spending.ts';
import type { CertificateStore } from '../evidence/certificate-store.ts';
import type { Certificate } from '../notary/certificate.ts';
import type { Bookkeeper } from '../wallet/bookkeeper.ts';
import type { Keeper } from './keeper.ts';

/** Accounts whose newest certificate is remembered: those that this node meets in a day. */
const MAX_ACCOUNTS = 10_000;

/** What {@link keepSpends} needs. */
export interface KeepNeeds {
  readonly self: PublicKey;
  readonly books: Bookkeeper;
  readonly certificates: CertificateStore;
  readonly keeper: Keeper;
}

/**
 * Keeps the spend certificates that this node's own money rests on for good, however they came: a hold that the ledger
 * knew from gossip would stop counting at the next start, and what was earned by it with it.
 */
export function keepSpends({ self, books, certificates, keeper }: KeepNeeds): () => void {
  const newest = boundedMap<string, Certificate>({ max: MAX_ACCOUNTS });
  return books.on((change) => {
    if (change.type !== 'certified') return;
    const { spending } = change;
    const account = `${spending.authorHex}/${spending.money.currency}`;
    // A block counts by its own certificate or by that of a later one, of which the ledger tells first.
    const certificate = certificates.spend(spending.key) ?? newest.get(account);
    if (certificate === undefined) return;
    newest.set(account, certificate);
    if (!concerns(spending, self)) return;
    keeper.keep(`spend ${certificate.subject}`, 'keeping a certificate', () =>
      certificates.put(certificate, { keep: true }),
    );
  });
}

function concerns({ authorHex, money }: Spending, self: PublicKey): boolean {
  return authorHex === publicKeyToHex(self) || (money.to !== null && equalBytes(money.to, self));
}
