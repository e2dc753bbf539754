import { encodeProof } from '@edmp/data-settlement/proof';
import { type ContentStore, equalBytes, type Settlement } from '@edmp/interface';

/**
 * Faults that a node can be told to have, for demonstrations and tests of the other side's defences:
 * `corrupt-content` serves altered ciphertext; `die-before-release` kills this process when the key is due;
 * `complain-falsely` has a buyer complain about data that is right.
 */
export type NodeFault = 'corrupt-content' | 'die-before-release' | 'complain-falsely';

/** All faults, for option parsers. */
export const NODE_FAULTS: readonly NodeFault[] = [
  'corrupt-content',
  'die-before-release',
  'complain-falsely',
];

/** A store whose reads come out with one bit flipped, as from a broken or lying peer. */
export function corruptReads(store: ContentStore): ContentStore {
  return {
    ...store,
    async get(cid, options) {
      const bytes = (await store.get(cid, options)).slice();
      const last = bytes.length - 1;
      bytes[last] = (bytes[last] ?? 0) ^ 1;
      return bytes;
    },
  };
}

/** A settlement whose seller dies, without any warning, at the moment it owes the key. */
export function dieBeforeRelease<S extends Settlement>(settlement: S, die: () => void): S {
  return {
    ...settlement,
    release(): Promise<Uint8Array> {
      die();
      return new Promise(() => {}); // the process is gone; nothing ever answers
    },
  };
}

/** A settlement whose buyer says of every key that it opens nothing, and upholds that: else its market would not sign it. */
export function complainFalsely<S extends Settlement>(settlement: S): S {
  const lie = encodeProof({ kind: 'wrong-key', secretKey: new Uint8Array(32), check: null });
  return {
    ...settlement,
    async open(...args) {
      const outcome = await settlement.open(...args);
      if (outcome.kind !== 'opened') return outcome;
      return { kind: 'misbehaviour', proof: lie, reason: 'The key opens nothing, says a liar' };
    },
    judge: (trade, proof) =>
      equalBytes(proof, lie)
        ? { guilty: true, kind: 'wrong-key', reason: 'The key opens nothing, says a liar' }
        : settlement.judge(trade, proof),
  };
}
