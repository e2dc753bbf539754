import {
  type BlockId,
  type HalfBlock,
  type PublicKey,
  type Signer,
  softwareSigner,
  type TxValue,
} from '@edmp/interface';
import {
  type EncodedTerms,
  encodeTerms,
  price,
  RELEASE_TYPE,
  releaseToTx,
  signTerms,
  type Terms,
  TRADE_TYPE,
  tradeToTx,
} from '@edmp/market';
import { signHalfBlock } from '@edmp/trustchain';
import { assetOf, crypto, documentOf } from './documents.ts';

export const START = 1_800_000_000_000;

/** An author that signs one chain by hand. */
export interface Author {
  readonly key: PublicKey;
  readonly signer: Signer;
  readonly blocks: HalfBlock[];
  sign(
    type: string,
    tx: TxValue,
    options?: { peer?: PublicKey; link?: BlockId; time?: number },
  ): Promise<HalfBlock>;
}

export function author(name: string): Author {
  const signer = softwareSigner({
    crypto,
    secretKey: crypto.sha256(new TextEncoder().encode(`author ${name}`)),
  });
  const blocks: HalfBlock[] = [];
  return {
    key: signer.publicKey,
    signer,
    blocks,
    async sign(type, tx, options = {}) {
      const head = blocks.at(-1);
      const block = await signHalfBlock(
        {
          v: 1,
          key: signer.publicKey,
          seq: blocks.length + 1,
          prev: head?.id ?? null,
          peer: options.peer ?? null,
          link: options.link ?? null,
          type,
          tx,
          time: options.time ?? START + blocks.length,
        },
        signer,
        crypto,
      );
      blocks.push(block);
      return block;
    },
  };
}

export const document = documentOf('ledger');
const SOME_BLOCK = await author('somebody').sign('x', null);

export function termsOf(
  seller: Author,
  buyer: Author,
  amount: bigint,
  nonce: number,
  changes: Partial<Terms> = {},
): EncodedTerms {
  return encodeTerms(
    {
      ask: SOME_BLOCK.id,
      bid: SOME_BLOCK.id,
      seller: seller.key,
      buyer: buyer.key,
      asset: assetOf(document),
      quantity: 1,
      price: price('DUM1', amount),
      amount,
      deadlines: {
        deliver: START + 1_000,
        accept: START + 2_000,
        release: START + 3_000,
        complain: START + 4_000,
      },
      recipientKey: new Uint8Array(32),
      witnesses: [],
      nonce: Uint8Array.of(nonce & 255, nonce >> 8, ...new Uint8Array(14)),
      ...changes,
    },
    crypto,
  );
}

/** Steps 1 and 2 of a trade. */
export async function agreed(
  seller: Author,
  buyer: Author,
  encoded: EncodedTerms,
  time?: number,
): Promise<{ readonly proposal: HalfBlock; readonly agreement: HalfBlock }> {
  const tx = tradeToTx({
    encoded,
    sellerSignature: await signTerms(encoded, seller.signer),
    buyerSignature: await signTerms(encoded, buyer.signer),
    settlementRoot: new Uint8Array(32).fill(9),
    chunks: 1,
    bytes: 100,
  });
  const proposal = await seller.sign(TRADE_TYPE, tx, { peer: buyer.key });
  const agreement = await buyer.sign(TRADE_TYPE, tx, {
    peer: seller.key,
    link: proposal.id,
    ...(time === undefined ? {} : { time }),
  });
  return { proposal, agreement };
}

/** Step 3. */
export function released(
  seller: Author,
  buyer: Author,
  encoded: EncodedTerms,
  proposal: HalfBlock,
  time?: number,
): Promise<HalfBlock> {
  const tx = releaseToTx({
    trade: encoded.digest,
    proposal: proposal.id,
    wrappedKey: new Uint8Array(80),
    deadline: encoded.terms.deadlines.complain,
  });
  return seller.sign(RELEASE_TYPE, tx, { peer: buyer.key, ...(time === undefined ? {} : { time }) });
}
