/** Protocol that notaries and witnesses serve: one request, one answer. */
export const NOTARY_PROTOCOL = '/edmp/notary/1';

/** Δ of the rounds between witnesses, ms: the delay of a message and the difference of two clocks together (DESIGN §4.4.4). */
export const DELTA_MS = 60_000;

/** Largest request, bytes (DESIGN §4.4.7): 64 certificates with their blocks, or a complaint with its proof, fit well. */
export const MAX_REQUEST_BYTES: number = 256 * 1024;
/** Largest answer, bytes: a fraud proof carries two whole blocks, each up to 65 KiB. */
export const MAX_ANSWER_BYTES: number = 160 * 1024;
/** Spending blocks in one request: what an account may have open without a certificate. */
export const MAX_RUN = 32;
/** Bytes of blocks in one answer `blocks`: what is left is for its frame, the share and the certificate. */
export const MAX_BLOCKS_BYTES: number = MAX_ANSWER_BYTES - 4 * 1024;
/** Blocks of one account and currency that a notary signs before it sees a certificate of one of them. */
export const MAX_UNCERTIFIED = 32;
/** Certificates in one request, and incomes that it claims. */
export const MAX_EVIDENCE = 64;
/** Holds asked or told about in one request. */
export const MAX_HOLDS = 64;
/** Ids that one answer `need` names. */
export const MAX_NEED = 64;
/** Shares of one statement: there are at most seven notaries. */
export const MAX_SHARES = 7;
/** Statement keys that one store makes. */
export const MAX_KEYS = 16;
/** Currencies that one notary serves: each is a block and a row for every account in it. */
export const MAX_CURRENCIES = 256;
/** Largest proof of misbehaviour, bytes: it has to fit a half block (DESIGN §3.1). */
export const MAX_PROOF_BYTES: number = 64 * 1024;
/**
 * How long an unfounded complaint is kept for the seller past the last moment of its hold's windows, ms: a seller that
 * was away for a week still gets it. It may open data, so that it is not kept as long as a release is.
 */
export const COMPLAINT_KEEP_MS: number = 7 * 86_400_000;
/** Days that a release is kept past its last deadline: a buyer that was away for a quarter of a year still gets what it paid for. */
export const RELEASE_KEEP_MS: number = 90 * 86_400_000;
/**
 * How long a witness that has no room remembers holds of test money past their last deadline, ms: a buyer or seller that
 * was away for a day still gets its outcome. With room it is as long as releases are kept.
 */
export const TEST_HOLD_KEEP_MS: number = 86_400_000;
/** A release whose last deadline is further ahead is not acknowledged, ms: it would be kept too long. Costs nobody anything. */
export const MAX_AHEAD_MS: number = 32 * 86_400_000;
/** Longest text of a refusal, UTF-16 units. */
export const MAX_REFUSAL_TEXT = 300;
/** Longest `later`, ms: whoever waits longer would rather ask again. */
export const MAX_LATER_MS = 300_000;

/** A rate: so much at once, so much a second in the long run. */
export interface NotaryRate {
  readonly burst: number;
  readonly perSecond: number;
}

/** What a notary gives to whom (DESIGN §4.4.7). One token is about one signature to verify or to make. */
export interface NotaryLimits {
  /** Requests worked on at once; the next is told to come later. */
  readonly concurrent: number;
  /** Work for one peer. */
  readonly peer: NotaryRate;
  /** Work for one author with an account here, of each peer that asks in its name. */
  readonly author: NotaryRate;
  /**
   * Work for all that have no account here together, in fair shares of the peers that ask: a flood of new keys takes from
   * nobody who is known, and a few peers that flood take from nobody who comes new.
   */
  readonly strangers: NotaryRate;
  /**
   * Releases kept at once, and their bytes: test money takes a quarter of it at most, in fair shares of the peers that
   * bring it; currencies that others issued three quarters, in fair shares of these. A witness that is full does not
   * acknowledge. Complaints that other witnesses still have to hear of take as much once more, unfounded ones that are
   * kept for sellers too: when these are too many, no more are kept.
   */
  readonly releases: number;
  /** Bytes of the {@link NotaryLimits.releases}. */
  readonly releaseBytes: number;
  /**
   * Holds of test money that are remembered, in fair shares of the peers that bring them, and for a time: they cost nobody
   * anything. Certified holds are kept for ever.
   */
  readonly testHolds: number;
  /**
   * Accounts in currencies that others issued, about a kilobyte each, in fair shares of the peers that brought these: a new
   * one waits while the share is full. Those of the node's own currencies are as many as its owner's money.
   */
  readonly guestAccounts: number;
}

/** Limits of a notary on an ordinary computer. */
export const DEFAULT_NOTARY_LIMITS: NotaryLimits = {
  concurrent: 256,
  peer: { burst: 2_000, perSecond: 200 },
  author: { burst: 500, perSecond: 50 },
  strangers: { burst: 2_000, perSecond: 200 },
  releases: 100_000,
  releaseBytes: 512 * 1024 * 1024,
  testHolds: 50_000,
  guestAccounts: 1_000_000,
};
