import type { Environment, HalfBlock, PublicKey } from '@edmp/interface';
import type { LedgerChange } from '../ledger/changes.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Certificate } from '../notary/certificate.ts';

/** The one place through which blocks and certificates reach the ledger, and from which everybody hears what changed. */
export interface Bookkeeper {
  /** Folds a block that the chain took in. Folding one again changes nothing. */
  takeBlock(block: HalfBlock): void;
  /** Folds a certificate; a wrong one changes nothing. */
  takeCertificate(certificate: Certificate): void;
  /** Fraud by an author is proven: it spends nothing more. */
  condemn(author: PublicKey): void;
  /** The ledger as of now: money that comes back by time alone has come back. */
  upToDate(): Ledger;
  /** Hears every change, in the order in which they came about, until the returned function is called. */
  on(listener: (change: LedgerChange) => void): () => void;
}

/** Keeps `ledger`; `environment` tells the time. */
export function createBookkeeper(ledger: Ledger, environment: Pick<Environment, 'now'>): Bookkeeper {
  const listeners = new Set<(change: LedgerChange) => void>();
  const waiting: LedgerChange[] = [];
  let telling = false;
  /** A listener may fold something itself: what that changes is told after what is being told now. */
  const tell = (changes: readonly LedgerChange[]): void => {
    waiting.push(...changes);
    if (telling) return;
    telling = true;
    try {
      for (let change = waiting.shift(); change !== undefined; change = waiting.shift()) {
        for (const listener of [...listeners]) listener(change);
      }
    } finally {
      telling = false;
    }
  };
  return {
    takeBlock: (block) => tell(ledger.applyBlock(block)),
    takeCertificate: (certificate) => tell(ledger.applyCertificate(certificate)),
    condemn: (author) => tell(ledger.condemn(author)),
    upToDate() {
      tell(ledger.advance(environment.now()));
      return ledger;
    },
    on(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}
