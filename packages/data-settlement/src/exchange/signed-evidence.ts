import {
  type Crypto,
  compareBytes,
  EdmpError,
  equalBytes,
  type HalfBlock,
  type Judgement,
  type PublicKey,
} from '@edmp/interface';
import { falseComplaint, type SignedComplaint } from '@edmp/interface/dataset';
import { decodeHalfBlock, MAX_BLOCK_BYTES, verifySignature } from '@edmp/trustchain/block';
import { boundedBytesOf, decodeBounded, encodeFields, integerOf, mapOf, oneOf } from '../codec/fields.ts';
import { SettlementError } from '../errors.ts';
import { DEFAULT_KEY_SUITES, type KeySuite } from '../sealing/key-suite.ts';
import { judgeProof } from './judge.ts';

/** What a signed block says about a trade; the application that defines the block types reads it. */
export interface TradeStatement {
  /** Step of the trade, e.g. `delivery` (settlement root), `release` (wrapped key). */
  readonly step: string;
  readonly tradeId: Uint8Array;
  /** What may be said only once per step and trade. */
  readonly content: Uint8Array;
}

/** Reads a block's statement; undefined when it makes none. Must be pure. */
export type StatementReader = (block: HalfBlock) => TradeStatement | undefined;

const fail = (message: string): SettlementError =>
  new SettlementError('ERR_SETTLEMENT_FORMAT', `Bad proof of equivocation: ${message}`);

/**
 * Proof that two blocks contradict each other: dag-cbor `{v: 1, kind: "equivocation", first, second}` with the blocks'
 * bytes in ascending order, so that both finders make the same proof. Throws `ERR_INVALID_ARGUMENT` for one block twice.
 *
 * @param a - One signed block as it is encoded.
 * @param b - The other one, in either order.
 */
export function encodeEquivocation(a: Uint8Array, b: Uint8Array): Uint8Array {
  const order = compareBytes(a, b);
  if (order === 0) throw new EdmpError('ERR_INVALID_ARGUMENT', 'One block does not contradict itself');
  const [first, second] = order < 0 ? [a, b] : [b, a];
  return encodeFields({ v: 1, kind: 'equivocation', first, second });
}

/**
 * Decodes {@link encodeEquivocation}. Throws `ERR_SETTLEMENT_FORMAT`.
 *
 * @param bytes - What a stranger sent; anything may be given.
 */
export function decodeEquivocation(bytes: Uint8Array): {
  readonly first: Uint8Array;
  readonly second: Uint8Array;
} {
  const value = decodeBounded(bytes, 2 * MAX_BLOCK_BYTES + 64, 'proof');
  const map = mapOf(value, ['v', 'kind', 'first', 'second'], 'proof');
  integerOf(map.v, 1, 1, 'proof.v');
  oneOf(map.kind, ['equivocation'], 'proof.kind');
  const first = boundedBytesOf(map.first, MAX_BLOCK_BYTES, 'proof.first', 1);
  const second = boundedBytesOf(map.second, MAX_BLOCK_BYTES, 'proof.second', 1);
  if (compareBytes(first, second) >= 0) throw fail('Expected the blocks in ascending order');
  return { first, second };
}

/** A block of `author` with a good signature; undefined otherwise. */
function signedBy(crypto: Crypto, author: PublicKey, bytes: Uint8Array): HalfBlock | undefined {
  try {
    const block = decodeHalfBlock(bytes, crypto);
    return equalBytes(block.core.key, author) && verifySignature(block, crypto) ? block : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Judges whether `author` signed two different things in the same step of one trade: two deliveries, or two key
 * releases (DESIGN §5.3). Two blocks that say the same are not equivocation. Pure; never throws on bad proofs.
 *
 * @param options - What verifies signatures, the accused key (`author`), and what reads the statement of a block
 *   (`read`).
 * @param proof - What {@link encodeEquivocation} gives; anything may be given.
 */
export function judgeEquivocation(
  options: { readonly crypto: Crypto; readonly author: PublicKey; readonly read: StatementReader },
  proof: Uint8Array,
): Judgement {
  const kind = 'equivocation';
  const unfounded = (reason: string): Judgement => ({ guilty: false, kind, reason });
  let statements: readonly (TradeStatement | undefined)[];
  try {
    const { first, second } = decodeEquivocation(proof);
    const blocks = [first, second].map((bytes) => signedBy(options.crypto, options.author, bytes));
    if (blocks.includes(undefined)) return unfounded('a block in the proof is not signed by the accused');
    statements = blocks.map((block) => (block === undefined ? undefined : options.read(block)));
  } catch (error) {
    return unfounded(error instanceof Error ? error.message : 'the proof cannot be read');
  }
  const [a, b] = statements;
  if (a === undefined || b === undefined) return unfounded('a block in the proof says nothing about a trade');
  if (a.step !== b.step || !equalBytes(a.tradeId, b.tradeId)) {
    return unfounded('the blocks speak of different trades or steps');
  }
  return equalBytes(a.content, b.content)
    ? unfounded('the blocks say the same')
    : {
        guilty: true,
        kind,
        reason: `two different statements were signed in the step ${a.step} of one trade`,
      };
}

/**
 * Judges whether the buyer of `trade` signed a complaint that its proof does not bear out (`guilty`: the buyer). Where
 * this judge cannot tell (keys wrapped by none of `suites`, a kind of proof that it does not know, facts of a wrong
 * shape) nobody is guilty. Throws `ERR_CRYPTO_PROVIDER` alone.
 *
 * @param options - What verifies signatures, and the ways to wrap keys that this judge knows (default: X-Wing).
 * @param complaint - The trade, the proof that was shown, and the buyer's signature over `complaintMessage` of both.
 */
export function judgeFalseComplaint(
  options: { readonly crypto: Crypto; readonly suites?: readonly KeySuite[] },
  complaint: SignedComplaint,
): Judgement {
  const { crypto, suites = DEFAULT_KEY_SUITES } = options;
  return falseComplaint(crypto, complaint, (trade, proof) => judgeProof(crypto, trade, proof, suites));
}
