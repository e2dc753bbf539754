import { type Crypto, equalBytes, isEdmpError, type JudgedTrade, type Judgement } from '@edmp/interface';
import { assetIdOf } from '@edmp/interface/dataset';
import { type Chunk, decodeChunk, decodeChunkHeader } from '../dataset/chunk.ts';
import { boundaryContradiction, chunkContradiction } from '../dataset/describe.ts';
import { dataLeaf, dataLeafOf } from '../dataset/leaf.ts';
import { leafHash, verifyInclusion } from '../merkle/tree.ts';
import { openInContext } from '../sealing/chunk.ts';
import { sealContexts } from '../sealing/context.ts';
import { DEFAULT_KEY_SUITES, type KeySuite } from '../sealing/key-suite.ts';
import {
  CONTENT_KEY_BYTES,
  chunkKeys,
  isUnusableKey,
  keyCommitment,
  unwrapContentKey,
} from '../sealing/keys.ts';
import { decodeSealedLeaf } from '../sealing/manifest.ts';
import { decodeProof, isForeignProof, type LeafEvidence, type Proof } from './proof.ts';

type Of<K extends Proof['kind']> = Extract<Proof, { kind: K }>;

const guilty = (kind: string, reason: string): Judgement => ({ guilty: true, kind, reason });
const unfounded = (kind: string, reason: string): Judgement => ({ guilty: false, kind, reason });
const undecided = (kind: string, reason: string): Judgement => ({
  ...unfounded(kind, reason),
  undecided: true,
});

/** Whether a leaf is part of the delivery that the seller put on the ledger. */
function isSealed(crypto: Crypto, trade: JudgedTrade, check: LeafEvidence): boolean {
  return verifyInclusion(crypto, {
    leaf: leafHash(crypto, check.leaf),
    index: check.index,
    size: trade.document.chunks,
    path: check.path,
    root: trade.settlementRoot,
  });
}

function judgeKey(crypto: Crypto, trade: JudgedTrade, suite: KeySuite, proof: Of<'wrong-key'>): Judgement {
  const { kind, secretKey, check } = proof;
  if (!equalBytes(suite.kem.publicKey(crypto, secretKey), trade.recipientKey)) {
    return unfounded(kind, "the secret in the proof is not that of the trade's one-time key");
  }
  let contentKey: Uint8Array;
  try {
    contentKey = unwrapContentKey(crypto, { ...trade, suite, secretKey });
  } catch (error) {
    if (!isUnusableKey(error)) throw error;
    return guilty(kind, "the released key does not unwrap with the trade's one-time key");
  }
  if (contentKey.length !== CONTENT_KEY_BYTES) return guilty(kind, 'the released key has a wrong length');
  if (check === null) return unfounded(kind, 'the released key unwraps');
  if (!isSealed(crypto, trade, check))
    return unfounded(kind, 'the leaf in the proof is not part of the delivery');
  const committed = decodeSealedLeaf(check.leaf).keyCommitment;
  const actual = keyCommitment(crypto, check.index, chunkKeys(crypto, contentKey)(check.index));
  return equalBytes(actual, committed)
    ? unfounded(kind, `the released key gives the key committed to for chunk ${check.index}`)
    : guilty(kind, `the released key does not give the key committed to for chunk ${check.index}`);
}

function judgeData(crypto: Crypto, trade: JudgedTrade, proof: Of<'wrong-data'>): Judgement {
  const { kind, check, ciphertext, key } = proof;
  const { index } = check;
  if (!isSealed(crypto, trade, check))
    return unfounded(kind, 'the leaf in the proof is not part of the delivery');
  const leaf = decodeSealedLeaf(check.leaf);
  if (!equalBytes(crypto.sha256(ciphertext), leaf.cipherDigest)) {
    return unfounded(kind, `the ciphertext in the proof is not chunk ${index} of the delivery`);
  }
  if (!equalBytes(keyCommitment(crypto, index, key), leaf.keyCommitment)) {
    return unfounded(kind, `the key in the proof is not the one committed to for chunk ${index}`);
  }
  const place = { index, count: trade.document.chunks };
  const contexts = sealContexts(crypto, trade);
  return openInContext(crypto, contexts, place, key, ciphertext, leaf.dataLeaf) === undefined
    ? guilty(kind, `chunk ${index} does not open to the data that was promised`)
    : unfounded(kind, `chunk ${index} opens to the data that was promised`);
}

function judgeDescription(crypto: Crypto, trade: JudgedTrade, proof: Of<'wrong-description'>): Judgement {
  const { kind, index, next } = proof;
  const { document } = trade;
  const isPromised = (leaf: Uint8Array, at: number, path: readonly Uint8Array[]): boolean =>
    verifyInclusion(crypto, {
      leaf: leafHash(crypto, leaf),
      index: at,
      size: document.chunks,
      path,
      root: document.dataRoot,
    });
  if (!isPromised(dataLeaf(crypto, index, proof.salt, proof.chunk), index, proof.path)) {
    return unfounded(kind, 'the chunk in the proof is not part of the dataset');
  }
  let chunk: Chunk;
  try {
    chunk = decodeChunk(proof.chunk);
  } catch {
    return guilty(kind, `chunk ${index} is malformed`);
  }
  const alone = chunkContradiction(document, index, chunk);
  if (alone !== undefined) return guilty(kind, alone);
  if (next === null) return unfounded(kind, `chunk ${index} agrees with the document`);
  if (!isPromised(dataLeafOf(crypto, index + 1, next.header, next.body), index + 1, next.path)) {
    return unfounded(kind, 'the second header in the proof is not part of the dataset');
  }
  let contradiction: string | undefined;
  try {
    contradiction = boundaryContradiction(index, chunk, decodeChunkHeader(next.header));
  } catch {
    return guilty(kind, `chunk ${index + 1} is malformed`);
  }
  return contradiction === undefined
    ? unfounded(kind, `chunks ${index} and ${index + 1} agree`)
    : guilty(kind, contradiction);
}

/** Whether the caller's facts have the right shapes: a fault of the caller must count against nobody. */
function factsAreUsable(trade: JudgedTrade, suite: KeySuite): boolean {
  const { tradeId, settlementRoot, recipientKey, wrappedKey } = trade;
  return (
    [tradeId, settlementRoot].every((bytes) => bytes instanceof Uint8Array && bytes.length === 32) &&
    recipientKey instanceof Uint8Array &&
    recipientKey.length === suite.kem.publicKeyBytes &&
    wrappedKey instanceof Uint8Array
  );
}

/**
 * Judges a proof of misbehaviour from bytes alone (DESIGN §5.3): pure, offline, deterministic, no clock and no
 * calendar. Anything malformed or beside the point is unfounded; a trade whose keys are wrapped by none of `suites`
 * (default: X-Wing), a proof of a kind or version that this judge does not know, and facts without their shape are
 * `undecided` besides. Throws `ERR_CRYPTO_PROVIDER` alone: a judge that lacks a library must not guess.
 *
 * @param proof - A proof as it is encoded; anything may be given.
 */
export function judgeProof(
  crypto: Crypto,
  trade: JudgedTrade,
  proof: Uint8Array,
  suites: readonly KeySuite[] = DEFAULT_KEY_SUITES,
): Judgement {
  let decoded: Proof;
  try {
    decoded = decodeProof(proof);
    if (assetIdOf(trade.document, crypto) !== trade.asset) {
      return undecided(decoded.kind, 'the document is not the one that was traded');
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'the proof cannot be read';
    // What a later version of this program proves must not count against whoever shows it.
    return isForeignProof(proof) ? undecided('malformed', reason) : unfounded('malformed', reason);
  }
  const suite = suites.find(({ id }) => id === trade.suite);
  if (suite === undefined) return undecided(decoded.kind, 'keys are not wrapped in this way here');
  if (!factsAreUsable(trade, suite)) return undecided(decoded.kind, 'the facts of the trade cannot be read');
  try {
    if (decoded.kind === 'wrong-key') return judgeKey(crypto, trade, suite, decoded);
    if (decoded.kind === 'wrong-data') return judgeData(crypto, trade, decoded);
    return judgeDescription(crypto, trade, decoded);
  } catch (error) {
    if (isEdmpError(error) && error.code === 'ERR_CRYPTO_PROVIDER') throw error;
    return undecided(decoded.kind, 'the facts of the trade cannot be read');
  }
}
