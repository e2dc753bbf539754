import type {
  AbortOptions,
  Crypto,
  Environment,
  HalfBlock,
  Network,
  PublicKey,
  Signer,
} from '@edmp/interface';
import type { CurrencyId } from '../asset/currency.ts';
import type { CurrencyRegister } from '../asset/currency-register.ts';
import type { Spending } from '../blocks/spending.ts';
import type { CertificateStore } from '../evidence/certificate-store.ts';
import type { Certificate } from './certificate.ts';
import { AccountClient } from './client-account.ts';
import { CoverClient } from './client-cover.ts';
import { HoldClient } from './client-hold.ts';
import { OutcomeClient } from './client-outcome.ts';
import { SpendClient } from './client-spend.ts';
import type {
  AccountTip,
  Complaint,
  Cover,
  KeptComplaints,
  OutcomeEvidence,
  ReleasedKey,
} from './client-types.ts';
import type { Directory } from './directory.ts';
import { DELTA_MS } from './limits.ts';
import { NotaryLine } from './line.ts';
import type { NotaryProofs } from './proof-register.ts';
import type { BlockReader } from './spend-chain.ts';

/**
 * Asks notaries and witnesses. Every share is verified; certificates are put into the store, durably, before they are
 * returned; a notary that contradicts itself is proven.
 */
export interface NotaryClient {
  /**
   * The certificate of a spending block in issued money: asks all, answers what they need, and asks for ever until the
   * signal fires. Throws `ERR_CURRENCY_UNKNOWN`, `ERR_NOTARY_REFUSED`, and `ERR_NOTARY_PROVEN` with the two blocks in
   * `details.blocks` when the author is proven to have spent twice.
   */
  certify(spending: Spending, options?: AbortOptions): Promise<Certificate>;
  /**
   * A quorum's acknowledgement of one's own release: shown to all until the release deadline, and waited for through
   * the rounds after it. Throws `ERR_TRADE_LOST` when there is none.
   */
  acknowledge(
    hold: Spending,
    release: HalfBlock,
    opener: Uint8Array,
    options?: AbortOptions,
  ): Promise<Certificate>;
  /** The release of a hold, once a quorum has acknowledged it; undefined when no witness hands it over now. */
  released(hold: Spending, options?: AbortOptions): Promise<ReleasedKey | undefined>;
  /** Shows a complaint to all witnesses until a quorum has given the money back, or found it to be nothing. */
  complain(hold: Spending, complaint: Complaint, options?: AbortOptions): Promise<Certificate | 'unfounded'>;
  /**
   * The unfounded complaints about a hold of which this node is the seller, as its witnesses keep them: one round of
   * questions, each signed with `sign`, the seller's, and answered to a key that is made for it. What a witness invents
   * is not signed by the buyer.
   */
  complaints(hold: Spending, sign: Signer['sign'], options?: AbortOptions): Promise<KeptComplaints>;
  /** Outcomes of holds as far as witnesses have chosen, by the text of the hold's id: one round of requests of up to 64 holds each. */
  outcomes(
    holds: readonly Spending[],
    evidence?: OutcomeEvidence,
    options?: AbortOptions,
  ): Promise<ReadonlyMap<string, Certificate>>;
  /** Asks for one hold's outcome again and again, after 1 s to 5 min, until there is one. Throws `ERR_ABORTED`. */
  outcome(hold: Spending, evidence?: OutcomeEvidence, options?: AbortOptions): Promise<Certificate>;
  /** Where an account stands: to be asked before its owner signs for the first time after a start. Throws `ERR_NOTARY_LATER` when no quorum answers. */
  account(currency: CurrencyId, key: PublicKey, options?: AbortOptions): Promise<AccountTip | undefined>;
  /**
   * Spending blocks of an account from a number on, as its notaries have them, in order and signed by its owner: what a
   * node that was put back to a backup has lost. Throws `ERR_CURRENCY_UNKNOWN`, `ERR_NOTARY_LATER` when nobody answers.
   */
  blocks(
    currency: CurrencyId,
    key: PublicKey,
    from: number,
    options?: AbortOptions,
  ): Promise<readonly Spending[]>;
  /**
   * What shows that a block in issued money counts: its own certificate, from the shares of those that signed it, or
   * that of a later block with those between; undefined when the notaries that answer have none.
   */
  cover(spending: Spending, options?: AbortOptions): Promise<Cover | undefined>;
  /**
   * The certificate of a block in issued money itself, as it is known here or made of the shares of those that signed
   * it: witnesses speak about a hold that has one. Undefined when too few of them answer now, and in test money.
   */
  certificate(spending: Spending, options?: AbortOptions): Promise<Certificate | undefined>;
}

/** Options of {@link notaryClient}. */
export interface NotaryClientOptions {
  readonly network: Network;
  readonly crypto: Crypto;
  readonly environment: Environment;
  readonly directory: Directory;
  /** Reads blocks that the node stores. */
  readonly blocks: BlockReader;
  readonly certificates: CertificateStore;
  readonly currencies: CurrencyRegister;
  readonly proofs: NotaryProofs;
  /** Δ, ms. Default {@link DELTA_MS}. */
  readonly deltaMs?: number;
  /** Ends everything. */
  readonly signal?: AbortSignal;
}

/** A client of the notaries and witnesses of a node's own money. */
export function notaryClient(options: NotaryClientOptions): NotaryClient {
  const line = new NotaryLine(options.network, options.directory);
  const deltaMs = options.deltaMs ?? DELTA_MS;
  const parts = { ...options, line, deltaMs };
  const covers = new CoverClient(parts);
  const outcomes = new OutcomeClient({ ...parts, covers });
  const spends = new SpendClient(parts);
  const holds = new HoldClient({ ...parts, outcomes });
  const accounts = new AccountClient(parts);
  const within = ({ signal }: AbortOptions): AbortOptions => ({
    signal:
      options.signal === undefined || signal === undefined
        ? (signal ?? options.signal)
        : AbortSignal.any([signal, options.signal]),
  });
  return {
    certify: (spending, more = {}) => spends.certify(spending, within(more)),
    acknowledge: (hold, release, opener, more = {}) => holds.acknowledge(hold, release, opener, within(more)),
    released: (hold, more = {}) => holds.released(hold, within(more)),
    complain: (hold, complaint, more = {}) => holds.complain(hold, complaint, within(more)),
    complaints: (hold, sign, more = {}) => holds.complaints(hold, sign, within(more)),
    outcomes: (asked, evidence = {}, more = {}) => outcomes.outcomes(asked, evidence, within(more)),
    outcome: (hold, evidence = {}, more = {}) => outcomes.outcome(hold, evidence, within(more)),
    cover: (spending, more = {}) => covers.cover(spending, within(more)),
    certificate: (spending, more = {}) => covers.certificate(spending, within(more)),
    account: (currency, key, more = {}) => accounts.account(currency, key, within(more)),
    blocks: (currency, key, from, more = {}) => accounts.blocks(currency, key, from, within(more)),
  };
}
