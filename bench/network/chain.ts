import type { Crypto, HalfBlock, Signer } from '../../packages/interface/src/index.ts';
import { signHalfBlock } from '../../packages/trustchain/src/block.ts';

/** A chain of bandwidth-like records, the transaction of the peers' figures. */
export async function makeChain(length: number, signer: Signer, crypto: Crypto): Promise<HalfBlock[]> {
  const chain: HalfBlock[] = [];
  const began = Date.now() - length;
  for (let seq = 1; seq <= length; seq++) {
    const tx = { up: 1_000 + seq, down: 2_000, total_up: 1_000_000 + seq, total_down: 2_000_000 };
    const [v, key, peer] = [1, signer.publicKey, signer.publicKey] as const;
    const prev = chain.at(-1)?.id ?? null;
    const core = { v, key, seq, prev, peer, link: null, type: 'bandwidth', tx, time: began + seq } as const;
    chain.push(await signHalfBlock(core, signer, crypto));
  }
  return chain;
}
