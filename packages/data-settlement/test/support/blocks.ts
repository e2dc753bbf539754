import type { TradeStatement } from '@edmp/data-settlement/proof';
import { type HalfBlock, type PublicKey, type Signer, softwareSigner, type TxValue } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { signHalfBlock } from '@edmp/trustchain/block';

const crypto = nodeCrypto();

export const signerOf = (seed: number): Signer =>
  softwareSigner({ crypto, secretKey: new Uint8Array(32).fill(seed) });

/** A signed half block at the start of its author's chain unless `changes` say otherwise. */
export async function signed(
  signer: Signer,
  type: string,
  tx: TxValue,
  changes: { seq?: number; peer?: PublicKey; link?: HalfBlock; time?: number } = {},
): Promise<HalfBlock> {
  const { seq = 1, peer, link, time = 1_767_225_600_000 } = changes;
  return signHalfBlock(
    {
      v: 1,
      key: signer.publicKey,
      seq,
      prev: seq === 1 ? null : await (async () => (await signed(signer, 'test/filler', null)).id)(),
      peer: peer ?? null,
      link: link?.id ?? null,
      type,
      tx,
      time,
    },
    signer,
    crypto,
  );
}

/** Statements of this suite's block types `test/<step>` with `{trade, content}`. */
export function readStatement(block: HalfBlock): TradeStatement | undefined {
  const tx = block.core.tx as { readonly trade?: unknown; readonly content?: unknown } | null;
  if (!(tx?.trade instanceof Uint8Array) || !(tx.content instanceof Uint8Array)) return undefined;
  return { step: block.core.type.replace('test/', ''), tradeId: tx.trade, content: tx.content };
}
