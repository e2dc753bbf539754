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
  textOf,
} from '../codec/fields.ts';
import { kindOf, orNull } from '../codec/optional.ts';
import { SEAL_BYTES, SEALING_KEY_BYTES } from './complaint-seal.ts';
import {
  MAX_ANSWER_BYTES,
  MAX_HOLDS,
  MAX_KEYS,
  MAX_LATER_MS,
  MAX_NEED,
  MAX_PROOF_BYTES,
  MAX_REFUSAL_TEXT,
  MAX_RUN,
} from './limits.ts';

/** Statements about a hold, as a witness makes them: each at most once. */
export const HOLD_STATEMENTS = ['ack', 'none', 'paid', 'refund'] as const;
/** One of {@link HOLD_STATEMENTS}. */
export type HoldStatementKind = (typeof HOLD_STATEMENTS)[number];

/** A statement about a hold. */
export interface HoldStatement {
  readonly kind: HoldStatementKind;
  /** The release that an `ack` names, else null. */
  readonly extra: BlockId | null;
  readonly signature: Signature;
}

/** What a witness says about one hold. */
export interface HoldAnswer {
  /** Everything that it has ever said about it; empty = nothing yet. */
  readonly statements: readonly HoldStatement[];
  /** Whether it lacks the hold itself. */
  readonly need: boolean;
  /** When to ask again for more, ms from now; 0 = there is nothing to wait for. */
  readonly laterMs: number;
}

/** A proof of misbehaviour with the signature of the buyer that showed it. */
export interface SignedProof {
  readonly proof: Uint8Array;
  /** Over `complaintMessage` of the facts of the trade and the proof, 64 bytes. */
  readonly signature: Signature;
}

/** An answer of `/edmp/notary/1`. */
export type NotaryAnswer =
  /** The share of a spend statement. */
  | { readonly kind: 'share'; readonly signature: Signature }
  /** One entry for each hold of the request, in its order. */
  | { readonly kind: 'holds'; readonly holds: readonly HoldAnswer[] }
  /** Blocks (and for incomes their certificates) that it has not seen. */
  | { readonly kind: 'need'; readonly ids: readonly BlockId[] }
  /** For its load, or the account's 33rd block without a certificate. */
  | { readonly kind: 'later'; readonly ms: number }
  /** For what the bytes say, and for ever. `proof`: two blocks of one author that exclude each other. */
  | {
      readonly kind: 'refused';
      readonly code: string;
      readonly message: string;
      readonly proof: readonly [Uint8Array, Uint8Array] | null;
    }
  | { readonly kind: 'unfounded'; readonly reason: string }
  | {
      readonly kind: 'released';
      readonly statements: readonly HoldStatement[];
      /** Null until it is shown a quorum of acknowledgements. */
      readonly release: { readonly block: Uint8Array; readonly opener: Uint8Array } | null;
    }
  /** The first unfounded complaint about the hold that is kept here, a {@link SignedProof}, sealed; null = none. */
  | { readonly kind: 'complaint'; readonly sealed: Uint8Array | null }
  /** The key that complaints are sealed to, with the statement key's signature over `sealingKeyMessage`. */
  | { readonly kind: 'sealing'; readonly publicKey: Uint8Array; readonly signature: Signature }
  /** The account's newest block here with this notary's share of it, and the newest certificate that it was shown. */
  | {
      readonly kind: 'account';
      readonly tip: {
        readonly block: Uint8Array;
        readonly signature: Signature | null;
        readonly certificate: Uint8Array | null;
      } | null;
    }
  /**
   * Blocks of an account that are bound to their numbers here, from the number asked for on, in order, as many as fit;
   * numbers that this notary has not seen are left out. `signature`: its share of the block with the number asked for;
   * null = it has none. `certificate`: the newest that it was shown.
   */
  | {
      readonly kind: 'blocks';
      readonly blocks: readonly Uint8Array[];
      readonly signature: Signature | null;
      readonly certificate: Uint8Array | null;
    }
  /** Statement keys that the node serves, each with its signature of the node's key. */
  | {
      readonly kind: 'who';
      readonly keys: readonly { readonly key: PublicKey; readonly signature: Signature }[];
    };

const ANSWERS = [
  'share',
  'holds',
  'need',
  'later',
  'refused',
  'unfounded',
  'released',
  'complaint',
  'sealing',
  'account',
  'blocks',
  'who',
] as const satisfies readonly NotaryAnswer['kind'][];

/** The answer by which a notary puts somebody off. */
export function later(ms: number): NotaryAnswer {
  return { kind: 'later', ms: Math.max(1, Math.min(MAX_LATER_MS, Math.ceil(ms))) };
}

/** A final answer, for what the bytes say. */
export function refused(
  code: string,
  message: string,
  proof: readonly [Uint8Array, Uint8Array] | null = null,
): NotaryAnswer {
  return { kind: 'refused', code, message: message.slice(0, MAX_REFUSAL_TEXT), proof };
}

const statementTx = ({ kind, extra, signature }: HoldStatement): readonly unknown[] => [
  kind,
  extra,
  signature,
];

function statementsOf(value: unknown): readonly HoldStatement[] {
  return listOf(value, HOLD_STATEMENTS.length, 'statements').map((item) => {
    const parts = listOf(item, 3, 'statements');
    return {
      kind: oneOf<HoldStatementKind>(parts[0], HOLD_STATEMENTS, 'statement.kind'),
      extra: orNull(parts[1], (id) => blockIdOf(id, 'statement.extra')),
      signature: bytesOf(parts[2], 64, 'statement.signature'),
    };
  });
}

/** Value of a proof with its signature. */
export function signedProofToTx({ proof, signature }: SignedProof): TxValue {
  return { proof, signature };
}

/** Reads a proof with its signature. Throws `ERR_MARKET_FORMAT`. */
export function signedProofOf(value: unknown): SignedProof {
  const parts = mapOf(value, ['proof', 'signature'], 'kept complaint');
  return {
    proof: boundedBytesOf(parts.proof, MAX_PROOF_BYTES, 'kept complaint.proof'),
    signature: bytesOf(parts.signature, 64, 'kept complaint.signature'),
  };
}

/** Bytes of an answer. */
export function encodeNotaryAnswer(answer: NotaryAnswer): Uint8Array {
  switch (answer.kind) {
    case 'holds':
      return encodeCanonical({
        v: 1,
        kind: answer.kind,
        holds: answer.holds.map(({ statements, need, laterMs }) => ({
          statements: statements.map(statementTx),
          need: need ? 1 : 0,
          laterMs,
        })),
      });
    case 'released':
      return encodeCanonical({ v: 1, ...answer, statements: answer.statements.map(statementTx) });
    case 'who':
      return encodeCanonical({
        v: 1,
        kind: answer.kind,
        keys: answer.keys.map(({ key, signature }) => [key, signature]),
      });
    default:
      return encodeCanonical({ v: 1, ...answer });
  }
}

function body(value: unknown, names: readonly string[], kind: string): Fields {
  const fields = mapOf(value, ['v', 'kind', ...names], kind);
  integerOf(fields.v, 1, 1, `${kind}.v`);
  return fields;
}

const blockBytes = (value: unknown, where: string): Uint8Array =>
  boundedBytesOf(value, MAX_ANSWER_BYTES, where);

/** Reads an answer. Throws `ERR_MARKET_FORMAT`. */
export function decodeNotaryAnswer(bytes: Uint8Array): NotaryAnswer {
  const value = decodeCanonical(bytes, MAX_ANSWER_BYTES, 'notary answer');
  const kind = oneOf<NotaryAnswer['kind']>(kindOf(value), ANSWERS, 'notary answer');
  switch (kind) {
    case 'share':
      return { kind, signature: bytesOf(body(value, ['signature'], kind).signature, 64, 'share') };
    case 'holds':
      return {
        kind,
        holds: listOf(body(value, ['holds'], kind).holds, MAX_HOLDS, 'holds').map((item) => {
          const fields = mapOf(item, ['statements', 'need', 'laterMs'], 'holds');
          return {
            statements: statementsOf(fields.statements),
            need: integerOf(fields.need, 0, 1, 'holds.need') === 1,
            laterMs: integerOf(fields.laterMs, 0, Number.MAX_SAFE_INTEGER, 'holds.laterMs'),
          };
        }),
      };
    case 'need':
      return {
        kind,
        ids: listOf(body(value, ['ids'], kind).ids, MAX_NEED, 'need').map((id) => blockIdOf(id, 'need')),
      };
    case 'later':
      return { kind, ms: integerOf(body(value, ['ms'], kind).ms, 1, MAX_LATER_MS, 'later') };
    case 'refused': {
      const fields = body(value, ['code', 'message', 'proof'], kind);
      return {
        kind,
        code: textOf(fields.code, 64, 'refused.code'),
        message: textOf(fields.message, MAX_REFUSAL_TEXT, 'refused.message'),
        proof: orNull(fields.proof, (proof) => {
          const pair = listOf(proof, 2, 'refused.proof');
          return [blockBytes(pair[0], 'refused.proof'), blockBytes(pair[1], 'refused.proof')] as const;
        }),
      };
    }
    case 'unfounded':
      return { kind, reason: textOf(body(value, ['reason'], kind).reason, MAX_REFUSAL_TEXT, 'unfounded') };
    case 'released': {
      const fields = body(value, ['statements', 'release'], kind);
      return {
        kind,
        statements: statementsOf(fields.statements),
        release: orNull(fields.release, (release) => {
          const parts = mapOf(release, ['block', 'opener'], 'released.release');
          return {
            block: blockBytes(parts.block, 'released.block'),
            opener: bytesOf(parts.opener, 32, 'released.opener'),
          };
        }),
      };
    }
    case 'complaint':
      return {
        kind,
        sealed: orNull(body(value, ['sealed'], kind).sealed, (item) =>
          boundedBytesOf(item, MAX_ANSWER_BYTES, 'complaint.sealed', SEAL_BYTES),
        ),
      };
    case 'sealing': {
      const fields = body(value, ['publicKey', 'signature'], kind);
      return {
        kind,
        publicKey: bytesOf(fields.publicKey, SEALING_KEY_BYTES, 'sealing.publicKey'),
        signature: bytesOf(fields.signature, 64, 'sealing.signature'),
      };
    }
    case 'account':
      return {
        kind,
        tip: orNull(body(value, ['tip'], kind).tip, (tip) => {
          const parts = mapOf(tip, ['block', 'signature', 'certificate'], 'account.tip');
          return {
            block: blockBytes(parts.block, 'account.block'),
            signature: orNull(parts.signature, (bytes) => bytesOf(bytes, 64, 'account.signature')),
            certificate: orNull(parts.certificate, (bytes) =>
              boundedBytesOf(bytes, 1_024, 'account.certificate'),
            ),
          };
        }),
      };
    case 'blocks': {
      const fields = body(value, ['blocks', 'signature', 'certificate'], kind);
      return {
        kind,
        blocks: listOf(fields.blocks, MAX_RUN, 'blocks').map((block) => blockBytes(block, 'blocks')),
        signature: orNull(fields.signature, (bytes) => bytesOf(bytes, 64, 'blocks.signature')),
        certificate: orNull(fields.certificate, (bytes) =>
          boundedBytesOf(bytes, 1_024, 'blocks.certificate'),
        ),
      };
    }
    default:
      return {
        kind: 'who',
        keys: listOf(body(value, ['keys'], kind).keys, MAX_KEYS, 'who.keys').map((item) => {
          const pair = listOf(item, 2, 'who.keys');
          return { key: keyOf(pair[0], 'who.key'), signature: bytesOf(pair[1], 64, 'who.signature') };
        }),
      };
  }
}
