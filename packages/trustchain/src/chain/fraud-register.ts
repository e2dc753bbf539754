import type { BlockId, BlockStore, Crypto, PublicKey } from '@edmp/interface';
import { blockKey, bytesKey } from '../block/identity.ts';
import { verifySignature } from '../block/signature.ts';
import type { FraudEvidence } from '../fraud/evidence.ts';
import { decodeFraudProof, encodeFraudProof, type FraudProof } from '../fraud/proof.ts';

/** Proofs kept against one author; the first is enough to condemn, more would let a cheat fill disks. */
export const MAX_PROOFS_PER_AUTHOR = 16;
const MAX_CACHED = 65_536;
/** Asked about every block: the same two promises do for nearly all of them. */
const YES = Promise.resolve(true);
const NO = Promise.resolve(false);

/** What is known about cheats. */
export interface FraudRegister {
  has(author: PublicKey): Promise<boolean>;
  /** {@link FraudRegister.has} when it is in memory already; undefined when the store must be asked. */
  peek(author: PublicKey): boolean | undefined;
  /** Whether this proof is stored, or so many others that it is not needed. */
  knows(author: PublicKey, id: BlockId): Promise<boolean>;
  /** Keeps evidence for ever; calls `onProof` when it is new. Evidence that is not signed is not kept. */
  record(evidence: FraudEvidence): Promise<void>;
  /** {@link FraudRegister.record} for a verified proof; `false` when it was known or not needed any more. */
  recordProof(proof: FraudProof): Promise<boolean>;
}

/**
 * The {@link FraudRegister} of a store.
 *
 * @param isShared - Whether other processes record proofs in the store as well.
 */
export function fraudRegister(
  store: BlockStore,
  crypto: Crypto,
  onProof: (proof: FraudProof) => void,
  isShared = false,
): FraudRegister {
  const proven = new Map<string, Set<string>>();

  const proofsOf = async (author: PublicKey): Promise<Set<string>> => {
    const key = bytesKey(author);
    const known = proven.get(key);
    if (known !== undefined) return known;
    const stored = (await store.proofs(author)).map((bytes) => blockKey(decodeFraudProof(bytes, crypto).id));
    const set = proven.get(key) ?? new Set(stored);
    // Of a shared store only guilt can be remembered: innocence may have ended elsewhere.
    if (isShared && set.size === 0) return set;
    if (proven.size >= MAX_CACHED) proven.clear();
    proven.set(key, set);
    return set;
  };

  const knows = async (author: PublicKey, id: BlockId): Promise<boolean> => {
    const known = await proofsOf(author);
    return known.size >= MAX_PROOFS_PER_AUTHOR || known.has(blockKey(id));
  };

  const recordProof = async (proof: FraudProof): Promise<boolean> => {
    if (await knows(proof.author, proof.id)) return false;
    // Noted before the disk is waited for, so that the same proof arriving twice at once is reported once.
    const known = await proofsOf(proof.author);
    const key = blockKey(proof.id);
    known.add(key);
    let isNew: boolean;
    try {
      isNew = await store.putProof(proof.author, proof.id, proof.bytes);
    } catch (error) {
      known.delete(key); // it is not on disk, so it must be recorded when it is met again
      throw error;
    }
    if (isNew) onProof(proof);
    return isNew;
  };

  return {
    has(author) {
      const known = proven.get(bytesKey(author));
      if (known !== undefined) return known.size > 0 ? YES : NO;
      return proofsOf(author).then((set) => set.size > 0);
    },
    peek(author) {
      const known = proven.get(bytesKey(author));
      return known === undefined ? undefined : known.size > 0;
    },
    knows,
    async record(evidence) {
      const proof = encodeFraudProof(evidence, crypto);
      if (await knows(proof.author, proof.id)) return;
      // A block that was damaged on disk would accuse its honest author of what nobody signed.
      if (proof.blocks.every((block) => verifySignature(block, crypto))) await recordProof(proof);
    },
    recordProof,
  };
}
