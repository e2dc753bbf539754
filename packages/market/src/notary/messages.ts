import type { BlockId, PublicKey, Signature, TxValue } from '@edmp/interface';
import {
  blockIdOf,
  boundedBytesOf,
  bytesOf,
  decodeCanonical,
  encodeCanonical,
  type Fields,
  integerOf,
  keyOf,
  listOf,
  mapOf,
  oneOf,
} from '../codec/fields.ts';
import { kindOf, orNull } from '../codec/optional.ts';
import { MAX_CERTIFICATE_BYTES, type Share } from './certificate.ts';
import { SEAL_BYTES, SEALING_KEY_BYTES } from './complaint-seal.ts';
import {
  MAX_EVIDENCE,
  MAX_HOLDS,
  MAX_PROOF_BYTES,
  MAX_REQUEST_BYTES,
  MAX_RUN,
  MAX_SHARES,
} from './limits.ts';

/** What a request says about a hold, as bytes of whole blocks and certificates. */
export interface HoldEvidence {
  /** Block of the issued currency, if the notary may not know it; null in test money. */
  readonly currency: Uint8Array | null;
  /** The signed hold. */
  readonly hold: Uint8Array;
  /** Its spend certificate; null in test money. */
  readonly certificate: Uint8Array | null;
}

/** Why a release is worth the money back. */
export type ComplaintEvidence =
  | {
      readonly kind: 'proof';
      readonly proposal: Uint8Array;
      readonly release: Uint8Array;
      readonly opener: Uint8Array;
      readonly recipientKey: Uint8Array;
      readonly document: Uint8Array;
      readonly proof: Uint8Array;
      /** The buyer's, over `complaintMessage` of the facts and the proof, 64 bytes: a lie is proven by it. */
      readonly signature: Uint8Array;
    }
  /** Two releases of one hold. */
  | { readonly kind: 'twice'; readonly releases: readonly [Uint8Array, Uint8Array] };

/** One hold of an `outcome` request. */
export interface HoldQuestion {
  readonly id: BlockId;
  /** Null unless the notary said that it needs it. */
  readonly evidence: HoldEvidence | null;
  /** The buyer's receipt (the signed agreement of the release). */
  readonly receipt: Uint8Array | null;
  /** Certificate of the acknowledgements. */
  readonly acks: Uint8Array | null;
}

/** What a witness tells another about a hold at a deadline. */
export interface ToldHold {
  readonly hold: BlockId;
  /** The release that it acknowledged, with the acknowledgements that it knows, its own among them. */
  readonly release: BlockId | null;
  readonly acks: readonly Share[];
  /** `refund` statements that it knows. */
  readonly refunds: readonly Share[];
}

/** A request of {@link NOTARY_PROTOCOL}. `key` is the statement key that is asked: one node may serve several. */
export type NotaryRequest =
  | { readonly kind: 'who' }
  | {
      readonly kind: 'spend';
      readonly key: PublicKey;
      readonly currency: Uint8Array | null;
      /** Which of the blocks the share is wanted for. */
      readonly want: BlockId;
      /** Spending blocks of one account, in order. */
      readonly blocks: readonly Uint8Array[];
      /** Spend certificates of these blocks and of claimed transfers, outcome certificates of claimed holds. */
      readonly certificates: readonly Uint8Array[];
      /** The blocks that are claimed. */
      readonly incomes: readonly Uint8Array[];
    }
  | {
      readonly kind: 'release';
      readonly key: PublicKey;
      readonly evidence: HoldEvidence;
      readonly release: Uint8Array;
      readonly opener: Uint8Array;
      /** Acknowledgements of other witnesses, which a late release bears. */
      readonly acks: readonly Share[];
    }
  | {
      readonly kind: 'complain';
      readonly key: PublicKey;
      readonly evidence: HoldEvidence;
      /** SHA-256 of the key of an answer `sealing` that the complaint is sealed to. */
      readonly sealedTo: Uint8Array;
      /** A {@link ComplaintEvidence}, which may open data: `enc ‖ ciphertext` of HPKE. */
      readonly sealed: Uint8Array;
      /** `refund` statements of other witnesses, which a late complaint bears. */
      readonly refunds: readonly Share[];
    }
  | { readonly kind: 'outcome'; readonly key: PublicKey; readonly holds: readonly HoldQuestion[] }
  | {
      readonly kind: 'released';
      readonly key: PublicKey;
      readonly hold: BlockId;
      readonly acks: Uint8Array | null;
    }
  /** Asked by the seller of a hold: the unfounded complaint that the witness keeps about it. */
  | {
      readonly kind: 'complaint';
      readonly key: PublicKey;
      readonly hold: BlockId;
      /** Key that the answer is sealed to, made for this one request. */
      readonly recipient: Uint8Array;
      /** The seller's, over `keptRequestMessage`. */
      readonly signature: Signature;
    }
  /** Asks for the key that complaints are sealed to. */
  | { readonly kind: 'sealing'; readonly key: PublicKey }
  | {
      readonly kind: 'account';
      readonly key: PublicKey;
      readonly currency: BlockId;
      readonly account: PublicKey;
    }
  | {
      readonly kind: 'blocks';
      readonly key: PublicKey;
      readonly currency: BlockId;
      readonly account: PublicKey;
      /** Number of the first block that is asked for. */
      readonly n: number;
    }
  | { readonly kind: 'tell'; readonly key: PublicKey; readonly holds: readonly ToldHold[] };

/** Kinds of {@link NotaryRequest}. */
const NOTARY_REQUESTS = [
  'who',
  'spend',
  'release',
  'complain',
  'outcome',
  'released',
  'complaint',
  'sealing',
  'account',
  'blocks',
  'tell',
] as const satisfies readonly NotaryRequest['kind'][];

const bytesField = (value: unknown, where: string): Uint8Array =>
  boundedBytesOf(value, MAX_REQUEST_BYTES, where);

/** Value of shares. */
export function sharesToTx(shares: readonly Share[]): TxValue {
  return shares.map(({ index, signature }) => [index, signature]);
}

/** Reads shares: sorted by index, each once. Throws `ERR_MARKET_FORMAT`. */
export function sharesOf(value: unknown, where: string): readonly Share[] {
  let last = -1;
  return listOf(value, MAX_SHARES, where).map((item) => {
    const pair = listOf(item, 2, where);
    const index = integerOf(pair[0], last + 1, MAX_SHARES - 1, `${where} index`);
    last = index;
    return { index, signature: bytesOf(pair[1], 64, `${where} signature`) };
  });
}

function evidenceToTx(evidence: HoldEvidence): TxValue {
  return { currency: evidence.currency, hold: evidence.hold, certificate: evidence.certificate };
}

function evidenceOf(value: unknown, where: string): HoldEvidence {
  const fields = mapOf(value, ['currency', 'hold', 'certificate'], where);
  return {
    currency: orNull(fields.currency, (bytes) => bytesField(bytes, `${where}.currency`)),
    hold: bytesField(fields.hold, `${where}.hold`),
    certificate: orNull(fields.certificate, (bytes) =>
      boundedBytesOf(bytes, MAX_CERTIFICATE_BYTES, `${where}.certificate`),
    ),
  };
}

/** Keys and values of a complaint: more than its eight fields would only cost whoever decodes them. */
export const MAX_COMPLAINT_ITEMS = 24;

/** Value of a complaint. */
export function complaintToTx(complaint: ComplaintEvidence): TxValue {
  return complaint.kind === 'twice'
    ? { kind: complaint.kind, releases: [...complaint.releases] }
    : { ...complaint };
}

/** Reads a complaint. Throws `ERR_MARKET_FORMAT`. */
export function complaintOf(value: unknown, where: string): ComplaintEvidence {
  const kind = oneOf<ComplaintEvidence['kind']>(kindOf(value), ['proof', 'twice'], `${where}.kind`);
  if (kind === 'twice') {
    const fields = mapOf(value, ['kind', 'releases'], where);
    const releases = listOf(fields.releases, 2, `${where}.releases`);
    return {
      kind,
      releases: [bytesField(releases[0], `${where}.releases`), bytesField(releases[1], `${where}.releases`)],
    };
  }
  const fields = mapOf(
    value,
    ['kind', 'proposal', 'release', 'opener', 'recipientKey', 'document', 'proof', 'signature'],
    where,
  );
  return {
    kind,
    proposal: bytesField(fields.proposal, `${where}.proposal`),
    release: bytesField(fields.release, `${where}.release`),
    opener: bytesOf(fields.opener, 32, `${where}.opener`),
    recipientKey: boundedBytesOf(fields.recipientKey, 2_048, `${where}.recipientKey`),
    document: bytesField(fields.document, `${where}.document`),
    proof: boundedBytesOf(fields.proof, MAX_PROOF_BYTES, `${where}.proof`),
    signature: bytesOf(fields.signature, 64, `${where}.signature`),
  };
}

function questionOf(value: unknown): HoldQuestion {
  const fields = mapOf(value, ['id', 'evidence', 'receipt', 'acks'], 'outcome.holds');
  return {
    id: blockIdOf(fields.id, 'outcome.holds.id'),
    evidence: orNull(fields.evidence, (evidence) => evidenceOf(evidence, 'outcome.holds.evidence')),
    receipt: orNull(fields.receipt, (bytes) => bytesField(bytes, 'outcome.holds.receipt')),
    acks: orNull(fields.acks, (bytes) => boundedBytesOf(bytes, MAX_CERTIFICATE_BYTES, 'outcome.holds.acks')),
  };
}

function toldOf(value: unknown): ToldHold {
  const fields = mapOf(value, ['hold', 'release', 'acks', 'refunds'], 'tell.holds');
  return {
    hold: blockIdOf(fields.hold, 'tell.holds.hold'),
    release: orNull(fields.release, (id) => blockIdOf(id, 'tell.holds.release')),
    acks: sharesOf(fields.acks, 'tell.holds.acks'),
    refunds: sharesOf(fields.refunds, 'tell.holds.refunds'),
  };
}

/** Bytes of a request. */
export function encodeNotaryRequest(request: NotaryRequest): Uint8Array {
  switch (request.kind) {
    case 'release':
      return encodeCanonical({
        v: 1,
        ...request,
        evidence: evidenceToTx(request.evidence),
        acks: sharesToTx(request.acks),
      });
    case 'complain':
      return encodeCanonical({
        v: 1,
        ...request,
        evidence: evidenceToTx(request.evidence),
        refunds: sharesToTx(request.refunds),
      });
    case 'outcome':
      return encodeCanonical({
        v: 1,
        ...request,
        holds: request.holds.map((hold) => ({
          ...hold,
          evidence: hold.evidence === null ? null : evidenceToTx(hold.evidence),
        })),
      });
    case 'tell':
      return encodeCanonical({
        v: 1,
        ...request,
        holds: request.holds.map((told) => ({
          ...told,
          acks: sharesToTx(told.acks),
          refunds: sharesToTx(told.refunds),
        })),
      });
    default:
      return encodeCanonical({ v: 1, ...request });
  }
}

/** Exactly `names`, with the version and kind in front. */
function body(value: unknown, names: readonly string[], kind: string): Fields {
  const fields = mapOf(value, ['v', 'kind', ...names], kind);
  integerOf(fields.v, 1, 1, `${kind}.v`);
  return fields;
}

/** Reads a request. Throws `ERR_MARKET_FORMAT`. */
export function decodeNotaryRequest(bytes: Uint8Array): NotaryRequest {
  const value = decodeCanonical(bytes, MAX_REQUEST_BYTES, 'notary request');
  const kind = oneOf<NotaryRequest['kind']>(kindOf(value), NOTARY_REQUESTS, 'notary request');
  switch (kind) {
    case 'who':
      body(value, [], kind);
      return { kind };
    case 'spend': {
      const fields = body(value, ['key', 'currency', 'want', 'blocks', 'certificates', 'incomes'], kind);
      return {
        kind,
        key: keyOf(fields.key, 'spend.key'),
        currency: orNull(fields.currency, (block) => bytesField(block, 'spend.currency')),
        want: blockIdOf(fields.want, 'spend.want'),
        blocks: listOf(fields.blocks, MAX_RUN, 'spend.blocks').map((block) =>
          bytesField(block, 'spend.blocks'),
        ),
        certificates: listOf(fields.certificates, MAX_EVIDENCE, 'spend.certificates').map((item) =>
          boundedBytesOf(item, MAX_CERTIFICATE_BYTES, 'spend.certificates'),
        ),
        incomes: listOf(fields.incomes, MAX_EVIDENCE, 'spend.incomes').map((block) =>
          bytesField(block, 'spend.incomes'),
        ),
      };
    }
    case 'release': {
      const fields = body(value, ['key', 'evidence', 'release', 'opener', 'acks'], kind);
      return {
        kind,
        key: keyOf(fields.key, 'release.key'),
        evidence: evidenceOf(fields.evidence, 'release.evidence'),
        release: bytesField(fields.release, 'release.release'),
        opener: bytesOf(fields.opener, 32, 'release.opener'),
        acks: sharesOf(fields.acks, 'release.acks'),
      };
    }
    case 'complain': {
      const fields = body(value, ['key', 'evidence', 'sealedTo', 'sealed', 'refunds'], kind);
      return {
        kind,
        key: keyOf(fields.key, 'complain.key'),
        evidence: evidenceOf(fields.evidence, 'complain.evidence'),
        sealedTo: bytesOf(fields.sealedTo, 32, 'complain.sealedTo'),
        sealed: boundedBytesOf(fields.sealed, MAX_REQUEST_BYTES, 'complain.sealed', SEAL_BYTES),
        refunds: sharesOf(fields.refunds, 'complain.refunds'),
      };
    }
    case 'outcome': {
      const fields = body(value, ['key', 'holds'], kind);
      return {
        kind,
        key: keyOf(fields.key, 'outcome.key'),
        holds: listOf(fields.holds, MAX_HOLDS, 'outcome.holds').map(questionOf),
      };
    }
    case 'released': {
      const fields = body(value, ['key', 'hold', 'acks'], kind);
      return {
        kind,
        key: keyOf(fields.key, 'released.key'),
        hold: blockIdOf(fields.hold, 'released.hold'),
        acks: orNull(fields.acks, (item) => boundedBytesOf(item, MAX_CERTIFICATE_BYTES, 'released.acks')),
      };
    }
    case 'complaint': {
      const fields = body(value, ['key', 'hold', 'recipient', 'signature'], kind);
      return {
        kind,
        key: keyOf(fields.key, 'complaint.key'),
        hold: blockIdOf(fields.hold, 'complaint.hold'),
        recipient: bytesOf(fields.recipient, SEALING_KEY_BYTES, 'complaint.recipient'),
        signature: bytesOf(fields.signature, 64, 'complaint.signature'),
      };
    }
    case 'sealing':
      return { kind, key: keyOf(body(value, ['key'], kind).key, 'sealing.key') };
    case 'account': {
      const fields = body(value, ['key', 'currency', 'account'], kind);
      return {
        kind,
        key: keyOf(fields.key, 'account.key'),
        currency: blockIdOf(fields.currency, 'account.currency'),
        account: keyOf(fields.account, 'account.account'),
      };
    }
    case 'blocks': {
      const fields = body(value, ['key', 'currency', 'account', 'n'], kind);
      return {
        kind,
        key: keyOf(fields.key, 'blocks.key'),
        currency: blockIdOf(fields.currency, 'blocks.currency'),
        account: keyOf(fields.account, 'blocks.account'),
        n: integerOf(fields.n, 1, Number.MAX_SAFE_INTEGER, 'blocks.n'),
      };
    }
    default: {
      const fields = body(value, ['key', 'holds'], kind);
      return {
        kind,
        key: keyOf(fields.key, 'tell.key'),
        holds: listOf(fields.holds, MAX_HOLDS, 'tell.holds').map(toldOf),
      };
    }
  }
}
