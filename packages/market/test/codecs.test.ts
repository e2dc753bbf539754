import { isEdmpError, type TxValue } from '@edmp/interface';
import {
  ASK_TYPE,
  askToTx,
  BID_TYPE,
  bidToTx,
  type Currency,
  currencyTable,
  decodeComplaintTx,
  decodeIssueTx,
  decodeOrder,
  decodeReferenceTx,
  decodeReleaseTx,
  decodeTerms,
  decodeTradeTx,
  decodeTransferTx,
  formatTransitions,
  price,
  TRADE_TRANSITIONS,
} from '@edmp/market';
import { decode, encode } from '@ipld/dag-cbor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeBookFrame,
  decodeBookRequest,
  decodeMatchMessage,
  decodeMatchReply,
  encodeBookFrame,
  encodeMatchMessage,
} from '../src/matching/messages.ts';
import {
  decodeEvidenceRequest,
  decodeNegotiateReply,
  decodeNegotiateRequest,
  encodeNegotiateReply,
  encodeNegotiateRequest,
} from '../src/trade/messages.ts';
import { decodeTradeRecord, encodeTradeRecord } from '../src/trade/record.ts';
import { agreed, author, document, released, START, termsOf } from './support/chains.ts';
import { assetOf, crypto } from './support/documents.ts';

const [seller, buyer] = [author('codec seller'), author('codec buyer')];
const terms = termsOf(seller, buyer, 10n, 1);
const { proposal } = await agreed(seller, buyer, terms);
const release = await released(seller, buyer, terms, proposal);
const signature = new Uint8Array(64);

/** A valid encoding and the decoder that reads it. */
const FORMATS: Readonly<Record<string, readonly [Uint8Array, (bytes: Uint8Array) => unknown]>> = {
  terms: [terms.bytes, (bytes) => decodeTerms(bytes, crypto)],
  trade: [encode(proposal.core.tx), (bytes) => decodeTradeTx(decode(bytes), crypto)],
  release: [encode(release.core.tx), (bytes) => decodeReleaseTx(decode(bytes))],
  complaint: [
    encode({
      v: 1,
      trade: terms.digest,
      release: release.id,
      kind: 'wrong-key',
      digest: crypto.sha256(signature),
      proof: signature,
    }),
    (bytes) => decodeComplaintTx(decode(bytes), crypto),
  ],
  reference: [
    encode({ v: 1, trade: terms.digest, block: release.id }),
    (bytes) => decodeReferenceTx(decode(bytes)),
  ],
  issue: [
    encode({ v: 1, currency: 'MB', to: seller.key, amount: 5 }),
    (bytes) => decodeIssueTx(decode(bytes)),
  ],
  transfer: [encode({ v: 1, currency: 'MB', amount: 5 }), (bytes) => decodeTransferTx(decode(bytes))],
  match: [
    encodeMatchMessage({ kind: 'match', order: release.id, counter: release.bytes }),
    decodeMatchMessage,
  ],
  update: [
    encodeMatchMessage({ kind: 'update', order: release.id, available: 3, blocked: [proposal.id] }),
    decodeMatchMessage,
  ],
  matchReply: [encode({ v: 1, open: true }), decodeMatchReply],
  bookRequest: [encode({ v: 1, matchmaker: true }), decodeBookRequest],
  bookFrame: [encodeBookFrame({ matchmaker: true, blocks: [release.bytes] }), decodeBookFrame],
  propose: [
    encodeNegotiateRequest({ kind: 'propose', terms: terms.bytes, signature, bid: release.bytes }),
    decodeNegotiateRequest,
  ],
  confirm: [
    encodeNegotiateRequest({ kind: 'confirm', trade: terms.digest, signature }),
    decodeNegotiateRequest,
  ],
  accept: [encodeNegotiateReply({ kind: 'accept', signature }), decodeNegotiateReply],
  counter: [encodeNegotiateReply({ kind: 'counter', terms: terms.bytes, signature }), decodeNegotiateReply],
  decline: [encodeNegotiateReply({ kind: 'decline', reason: 'price', message: 'no' }), decodeNegotiateReply],
  manifest: [encodeNegotiateReply({ kind: 'manifest', manifest: release.id }), decodeNegotiateReply],
  evidence: [encode({ v: 1, digest: terms.digest }), decodeEvidenceRequest],
  record: [
    encodeTradeRecord({
      role: 'buyer',
      encoded: terms,
      state: 'agreed',
      sellerSignature: signature,
      buyerSignature: signature,
      ask: release.bytes,
      delivery: { settlementRoot: new Uint8Array(32), manifest: release.id, chunks: 1, bytes: 9 },
      failure: { code: 'ERR_TRADE_SILENT', reason: 'why' },
      proof: null,
      steps: [{ state: 'agreed', time: START, block: release.id, signer: buyer.key }],
    }),
    (bytes) => decodeTradeRecord(bytes, crypto),
  ],
};

/** Either decodes, or throws a typed error; dag-cbor's own errors come only from the tests' `decode`. */
function survives(read: (bytes: Uint8Array) => unknown, bytes: Uint8Array, viaDecode: boolean): void {
  try {
    read(bytes);
  } catch (error) {
    if (isEdmpError(error)) return;
    if (
      viaDecode &&
      error instanceof Error &&
      /CBOR|CID|multi|Unexpected|version|Invalid|varint|Incorrect/i.test(error.message)
    )
      return;
    throw error;
  }
}

describe('decoders', () => {
  for (const [name, [valid, read]] of Object.entries(FORMATS)) {
    it(`${name}: reads its own encoding and survives every other`, () => {
      read(valid);
      const viaDecode = ['trade', 'release', 'complaint', 'reference', 'issue', 'transfer'].includes(name);
      fc.assert(
        fc.property(
          fc.oneof(
            fc.uint8Array({ maxLength: 200 }),
            fc.tuple(fc.nat(valid.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, flip]) => {
              const copy = valid.slice();
              copy[at]! ^= flip;
              return copy;
            }),
            fc.nat(valid.length - 1).map((length) => valid.slice(0, length)),
            fc.anything({ maxDepth: 3 }).map((value) => {
              try {
                return encode(value);
              } catch {
                return new Uint8Array(0);
              }
            }),
          ),
          (bytes) => survives(read, bytes, viaDecode),
        ),
        { numRuns: 120 },
      );
    });
  }
});

describe('orders', () => {
  const ask = askToTx({ document, price: price('DUM1', 10), supply: 3, expires: START + 1_000 });
  const bid = bidToTx({
    asset: assetOf(document),
    price: price('DUM1', 2, 3),
    quantity: 6,
    expires: START + 1_000,
  });

  it('with a document that nobody could deliver is refused, and says what is wrong with it', async () => {
    const who = author('bad document');
    const descriptor = { ...document.descriptor, title: 'cheap \u202egnirts' };
    const tx = { ...(ask as object), document: { ...document, descriptor } } as unknown as TxValue;
    const block = await who.sign(ASK_TYPE, tx);
    expect(() => decodeOrder(block, crypto)).toThrow(
      expect.objectContaining({
        code: 'ERR_MARKET_FORMAT',
        cause: expect.objectContaining({ code: 'ERR_DATASET_DESCRIPTOR', details: { field: 'title' } }),
      }),
    );
  });

  it('keep every field through their block', async () => {
    const who = author('orders');
    const one = decodeOrder(await who.sign(ASK_TYPE, ask), crypto);
    expect(one).toMatchObject({
      side: 'ask',
      quantity: 3,
      asset: assetOf(document),
      expires: START + 1_000,
      document,
    });
    const two = decodeOrder(await who.sign(BID_TYPE, bid), crypto);
    expect(two).toMatchObject({ side: 'bid', quantity: 6, price: { currency: 'DUM1', amount: 2n, per: 3n } });
  });

  it.each([
    [{ expires: START - 1 }, 'ERR_ORDER_LIFETIME'],
    [{ expires: START + 2 * 86_400_000 }, 'ERR_ORDER_LIFETIME'],
    [{ quantity: 0 }, 'ERR_MARKET_FORMAT'],
    [{ quantity: 2 }, 'ERR_ORDER_AMOUNT'],
    [{ asset: 'HELLO' }, 'ERR_MARKET_FORMAT'],
    [{ price: { currency: 'DUM1', amount: 4, per: 6 } }, 'ERR_MARKET_FORMAT'],
    [{ price: { currency: 'dum1', amount: 4, per: 3 } }, 'ERR_MARKET_FORMAT'],
    [{ price: { currency: 'DUM1', amount: 0, per: 1 } }, 'ERR_MARKET_FORMAT'],
    [{ extra: true }, 'ERR_MARKET_FORMAT'],
  ])('a bid with %o is refused with %s', async (changes, code) => {
    const block = await author('bad').sign(BID_TYPE, { ...(bid as object), ...changes } as never);
    expect(() => decodeOrder(block, crypto)).toThrow(expect.objectContaining({ code }));
  });

  it('are source blocks', async () => {
    const block = await author('directed').sign(ASK_TYPE, ask, { peer: seller.key });
    expect(() => decodeOrder(block, crypto)).toThrow(/source block/);
  });
});

describe('terms', () => {
  it.each([
    [{ amount: 11n }, 'ERR_TRADE_TERMS'],
    [{ quantity: 2 }, 'ERR_TRADE_TERMS'],
    [{ buyer: seller.key }, 'ERR_TRADE_TERMS'],
    [{ witnesses: [seller.key] }, 'ERR_TRADE_TERMS'],
    [{ deadlines: { deliver: 5, accept: 4, release: 6, complain: 7 } }, 'ERR_TRADE_TERMS'],
    [{ nonce: new Uint8Array(15) }, 'ERR_MARKET_FORMAT'],
  ])('with %o are refused', (changes, code) => {
    expect(() => termsOf(seller, buyer, 10n, 1, changes)).toThrow(expect.objectContaining({ code }));
  });
});

describe('currencies', () => {
  const base: Currency = { id: 'MB', name: 'x', precision: 0, minUnit: 1n, genesis: 0n, issuer: null };
  it.each([[{ id: 'EWX' }], [{ id: 'mb' }], [{ id: 'DUM1' }], [{ minUnit: 0n }], [{ genesis: -1n }]])(
    '%o is refused',
    (changes) => {
      expect(() => currencyTable([{ ...base, ...changes }])).toThrow(
        expect.objectContaining({ code: 'ERR_MARKET_FORMAT' }),
      );
    },
  );
});

describe('the state table', () => {
  it('prints, names a code for every failure, and reaches an end from every state', () => {
    expect(formatTransitions().split('\n')).toHaveLength(TRADE_TRANSITIONS.length);
    for (const row of TRADE_TRANSITIONS) {
      if (row.action === 'fail')
        expect(row).toMatchObject({ to: 'failed', code: expect.stringMatching(/^ERR_/) });
    }
    for (const role of ['seller', 'buyer'] as const) {
      const reaches = new Set(['completed', 'failed']);
      for (let round = 0; round < 8; round++) {
        for (const row of TRADE_TRANSITIONS)
          if (row.role === role && reaches.has(row.to)) reaches.add(row.from);
      }
      for (const row of TRADE_TRANSITIONS) if (row.role === role) expect(reaches).toContain(row.from);
    }
  });
});
