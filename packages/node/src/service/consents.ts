import type { AbortOptions, IntervalStep } from '@edmp/interface';
import type { ConsentRecords } from '@edmp/oehu-client/consent';

/** What an owner agreed to, and whether it still holds. */
export interface ConsentView {
  /** Id of the receipt. */
  readonly id: string;
  /** Asset that is sold under it; null when its dataset is gone. */
  readonly asset: string | null;
  /** Salted digest that the listing carries, hex. */
  readonly digest: string;
  /** E.g. `electricity import`. */
  readonly what: string;
  /** Days that may be sold, `YYYY-MM-DD`, inclusive. */
  readonly from: string;
  readonly to: string;
  readonly finestStep: IntervalStep;
  readonly place: 'none' | 'region' | 'town' | 'street';
  /** Whether the class of the household may be shown. */
  readonly household: boolean;
  readonly purposes: readonly string[];
  readonly recipients: string;
  readonly licence: string;
  readonly given: number;
  readonly validUntil: number;
  /** When it was withdrawn; null while it holds. */
  readonly withdrawn: number | null;
}

/** One entry of the owner's log. */
export interface ConsentLogView {
  readonly at: number;
  readonly event: 'granted' | 'listed' | 'sealed' | 'delivered' | 'refused' | 'withdrawn' | 'erased';
  /** Id of the receipt. */
  readonly consent: string;
  /** Listing, recipient or reason. */
  readonly detail: string;
}

/** What the owner agreed to. */
export interface ConsentService {
  /** The owner's consents, newest first. */
  consents(options?: AbortOptions): Promise<readonly ConsentView[]>;
  /** Everything that happened under the owner's consents, newest first. */
  consentLog(options?: AbortOptions): Promise<readonly ConsentLogView[]>;
  /** All consents in the structure of ISO/IEC TS 27560, with their signed events, to keep or to hand on. */
  consentRecords(options?: AbortOptions): Promise<ConsentRecords>;
  /** Withdraws a consent: its open listings are cancelled and no further copy is delivered. Sold copies stay sold. */
  withdrawConsent(id: string, options?: AbortOptions): Promise<ConsentView>;
}
