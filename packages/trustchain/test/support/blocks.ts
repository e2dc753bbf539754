import {
  type BlockId,
  type HalfBlock,
  type HalfBlockCore,
  type Signer,
  seededRandom,
  softwareSigner,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { signHalfBlock } from '@edmp/trustchain/block';

/** One provider for all tests; without threads, which a virtual clock cannot see. */
export const crypto = nodeCrypto({ threads: false });
/** Start of the virtual clock. */
export const START = Date.UTC(2026, 0, 1);

/** A signer from a seed. */
export function signerOf(seed: number): Signer {
  return softwareSigner({ crypto, secretKey: seededRandom(seed).fork('signer').bytes(32) });
}

/** Fields of a block that a test cares about. */
export type Parts = Partial<Omit<HalfBlockCore, 'v' | 'key'>>;

/** A signed block with sensible fields: a source block `test` at position 1. */
export function blockOf(signer: Signer, parts: Parts = {}): Promise<HalfBlock> {
  const core: HalfBlockCore = {
    v: 1,
    key: signer.publicKey,
    seq: 1,
    prev: null,
    peer: null,
    link: null,
    type: 'test',
    tx: null,
    time: START,
    ...parts,
  };
  return signHalfBlock(core, signer, crypto);
}

/** A chain of signed blocks, each following the one before; `parts` fills in each. */
export async function chainOf(
  signer: Signer,
  length: number,
  parts: (seq: number) => Parts = (seq) => ({ tx: { n: seq } }),
): Promise<HalfBlock[]> {
  const chain: HalfBlock[] = [];
  let prev: BlockId | null = null;
  for (let seq = 1; seq <= length; seq++) {
    const block: HalfBlock = await blockOf(signer, { time: START + seq, ...parts(seq), seq, prev });
    chain.push(block);
    prev = block.id;
  }
  return chain;
}

/** The next block after `previous`. */
export function after(signer: Signer, previous: HalfBlock, parts: Parts = {}): Promise<HalfBlock> {
  const { seq, time } = previous.core;
  return blockOf(signer, { time, ...parts, seq: seq + 1, prev: previous.id });
}

/** An agreement to `proposal` at `seq` 1 (or as `parts` say). */
export function agreementTo(signer: Signer, proposal: HalfBlock, parts: Parts = {}): Promise<HalfBlock> {
  const { key, type, tx } = proposal.core;
  return blockOf(signer, { peer: key, link: proposal.id, type, tx, ...parts });
}

/** A block id that nothing has. */
export { strangeId } from './strange.ts';

/** Element at `index`, which must exist. */
export function itemAt<T>(list: readonly T[], index: number): T {
  const item = list.at(index);
  if (item === undefined) throw new Error(`nothing at ${index} of ${list.length}`);
  return item;
}
