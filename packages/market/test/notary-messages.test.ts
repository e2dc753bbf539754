import { isEdmpError, publicKey } from '@edmp/interface';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeCanonical } from '../src/codec/fields.ts';
import {
  decodeCertificatesAnswer,
  decodeCertificatesRequest,
  encodeCertificatesAnswer,
  encodeCertificatesRequest,
} from '../src/evidence/certificate-messages.ts';
import { decodeHoldMessage, encodeHoldMessage } from '../src/evidence/hold-messages.ts';
import { decodeNotaryAnswer, encodeNotaryAnswer, type NotaryAnswer } from '../src/notary/answers.ts';
import type { Certificate } from '../src/notary/certificate.ts';
import { decodeHoldRow, encodeHoldRow, type HoldRow } from '../src/notary/hold-row.ts';
import { MAX_ANSWER_BYTES, MAX_REQUEST_BYTES } from '../src/notary/limits.ts';
import { decodeNotaryRequest, encodeNotaryRequest, type NotaryRequest } from '../src/notary/messages.ts';
import { someId } from './support/money.ts';

const key = publicKey(new Uint8Array(32).fill(7));
const signature = new Uint8Array(64).fill(9);
const [hold, release, currency] = [someId('hold'), someId('release'), someId('currency')];
const bytes = new Uint8Array(40).fill(1);
const evidence = { currency: bytes, hold: bytes, certificate: bytes };
const shares = [
  { index: 0, signature },
  { index: 3, signature },
];
const certificate: Certificate = { kind: 'paid', currency, subject: hold, extra: null, shares };

const REQUESTS: readonly NotaryRequest[] = [
  { kind: 'who' },
  {
    kind: 'spend',
    key,
    currency: null,
    want: hold,
    blocks: [bytes, bytes],
    certificates: [bytes],
    incomes: [bytes],
  },
  { kind: 'release', key, evidence, release: bytes, opener: new Uint8Array(32), acks: shares },
  {
    kind: 'complain',
    key,
    evidence: { ...evidence, currency: null, certificate: null },
    sealedTo: new Uint8Array(32),
    sealed: new Uint8Array(1_200),
    refunds: shares,
  },
  {
    kind: 'outcome',
    key,
    holds: [
      { id: hold, evidence: null, receipt: null, acks: null },
      { id: release, evidence, receipt: bytes, acks: bytes },
    ],
  },
  { kind: 'released', key, hold, acks: bytes },
  { kind: 'complaint', key, hold, recipient: new Uint8Array(1_216), signature },
  { kind: 'sealing', key },
  { kind: 'account', key, currency, account: key },
  { kind: 'blocks', key, currency, account: key, n: 7 },
  { kind: 'tell', key, holds: [{ hold, release, acks: shares, refunds: [] }] },
];

const ANSWERS: readonly NotaryAnswer[] = [
  { kind: 'share', signature },
  {
    kind: 'holds',
    holds: [
      { statements: [{ kind: 'ack', extra: release, signature }], need: false, laterMs: 5 },
      { statements: [], need: true, laterMs: 0 },
    ],
  },
  { kind: 'need', ids: [hold, release] },
  { kind: 'later', ms: 1_000 },
  { kind: 'refused', code: 'ERR_MONEY_FORK', message: 'why', proof: [bytes, bytes] },
  { kind: 'refused', code: 'ERR_MONEY_CLAIM', message: 'why', proof: null },
  { kind: 'unfounded', reason: 'why' },
  { kind: 'released', statements: [], release: { block: bytes, opener: new Uint8Array(32) } },
  { kind: 'released', statements: [{ kind: 'none', extra: null, signature }], release: null },
  { kind: 'complaint', sealed: new Uint8Array(1_200) },
  { kind: 'complaint', sealed: null },
  { kind: 'sealing', publicKey: new Uint8Array(1_216), signature },
  { kind: 'account', tip: { block: bytes, signature, certificate: bytes } },
  { kind: 'account', tip: null },
  { kind: 'blocks', blocks: [bytes, bytes], signature, certificate: bytes },
  { kind: 'blocks', blocks: [], signature: null, certificate: null },
  { kind: 'who', keys: [{ key, signature }] },
];

const ROW: HoldRow = {
  hold,
  currency,
  buyer: key,
  seller: key,
  proposal: release,
  release: 1,
  complain: 2,
  until: 3,
  witnesses: [key, key, key, key],
  first: { kind: 'ack', release },
  outcome: 'paid',
  acks: { release, shares },
  refunds: shares,
};

const ROWS: readonly HoldRow[] = [
  ROW,
  { ...ROW, currency: null, first: { kind: 'none' }, outcome: null, acks: null, refunds: [] },
  { ...ROW, first: null, outcome: 'refund' },
];

interface Format {
  readonly name: string;
  readonly decode: (bytes: Uint8Array) => unknown;
  readonly encode: (value: never) => Uint8Array;
  readonly values: readonly unknown[];
}

const FORMATS: readonly Format[] = [
  { name: 'requests', decode: decodeNotaryRequest, encode: encodeNotaryRequest, values: REQUESTS },
  { name: 'answers', decode: decodeNotaryAnswer, encode: encodeNotaryAnswer, values: ANSWERS },
  { name: 'hold rows', decode: decodeHoldRow, encode: encodeHoldRow, values: ROWS },
  {
    name: 'questions for certificates',
    decode: decodeCertificatesRequest,
    encode: encodeCertificatesRequest,
    values: [[], [hold, release]],
  },
  {
    name: 'answers with certificates',
    decode: decodeCertificatesAnswer,
    encode: encodeCertificatesAnswer,
    values: [[], [certificate, { ...certificate, currency: null }]],
  },
  {
    name: 'messages about holds',
    decode: decodeHoldMessage,
    encode: encodeHoldMessage,
    values: [
      { kind: 'hold', proposal: bytes, hold: bytes, certificate: null },
      { kind: 'release', release: bytes },
      { kind: 'outcome', hold, certificate },
    ],
  },
];

/** Whatever it is, it decodes or gives a typed error. */
function survives(decode: (bytes: Uint8Array) => unknown, input: Uint8Array): void {
  try {
    decode(input);
  } catch (error) {
    if (!isEdmpError(error)) throw error;
  }
}

describe.each(FORMATS)('$name', ({ decode, encode, values }) => {
  const encoded = values.map((value) => encode(value as never));

  it('come back as they went', () => {
    for (const [i, value] of values.entries()) expect(decode(encoded[i]!)).toEqual(value);
  });

  it('of arbitrary bytes give a typed error', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (input) => survives(decode, input)));
  });

  it('of arbitrary values give a typed error', () => {
    const value = fc.anything({
      values: [fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.uint8Array()],
      withBigInt: false,
    });
    fc.assert(
      fc.property(value, (input) => {
        let bytesOf: Uint8Array;
        try {
          bytesOf = encodeCanonical(input);
        } catch {
          return;
        }
        survives(decode, bytesOf);
      }),
    );
  });

  it('that are damaged anywhere give a typed error, or another value', () => {
    const place = fc.record({
      which: fc.nat(encoded.length - 1),
      at: fc.nat(),
      change: fc.integer({ min: 1, max: 255 }),
      cut: fc.boolean(),
    });
    fc.assert(
      fc.property(place, ({ which, at, change, cut }) => {
        const input = encoded[which]!.slice();
        const index = at % input.length;
        if (cut) return survives(decode, input.slice(0, index));
        input[index]! ^= change;
        return survives(decode, input);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('limits', () => {
  const codeOf = (act: () => unknown): string => {
    try {
      act();
      return 'none';
    } catch (error) {
      return isEdmpError(error) ? error.code : String(error);
    }
  };

  it('bound requests: 32 blocks, 64 certificates, 64 incomes, 64 holds, 256 KiB', () => {
    const spend = REQUESTS[1] as Extract<NotaryRequest, { kind: 'spend' }>;
    const many = (count: number) => Array.from({ length: count }, () => bytes);
    for (const request of [
      { ...spend, blocks: many(33) },
      { ...spend, certificates: many(65) },
      { ...spend, incomes: many(65) },
      { ...spend, blocks: [new Uint8Array(MAX_REQUEST_BYTES)] },
      {
        kind: 'tell',
        key,
        holds: Array.from({ length: 65 }, () => ({ hold, release, acks: [], refunds: [] })),
      },
      {
        kind: 'outcome',
        key,
        holds: Array.from({ length: 65 }, () => ({ id: hold, evidence: null, receipt: null, acks: null })),
      },
    ] as readonly NotaryRequest[]) {
      expect(codeOf(() => decodeNotaryRequest(encodeNotaryRequest(request)))).toBe('ERR_MARKET_FORMAT');
    }
  });

  it('bound answers and questions', () => {
    const ids = Array.from({ length: 65 }, () => hold);
    expect(codeOf(() => decodeNotaryAnswer(encodeNotaryAnswer({ kind: 'need', ids })))).toBe(
      'ERR_MARKET_FORMAT',
    );
    expect(codeOf(() => decodeCertificatesRequest(encodeCertificatesRequest(ids)))).toBe('ERR_MARKET_FORMAT');
    const huge: NotaryAnswer = {
      kind: 'released',
      statements: [],
      release: { block: new Uint8Array(MAX_ANSWER_BYTES), opener: new Uint8Array(32) },
    };
    expect(codeOf(() => decodeNotaryAnswer(encodeNotaryAnswer(huge)))).toBe('ERR_MARKET_FORMAT');
  });

  it('take shares in order, each index once', () => {
    const [, , request] = REQUESTS;
    const release_ = request as Extract<NotaryRequest, { kind: 'release' }>;
    for (const acks of [
      [shares[1]!, shares[0]!],
      [shares[0]!, shares[0]!],
    ]) {
      expect(codeOf(() => decodeNotaryRequest(encodeNotaryRequest({ ...release_, acks })))).toBe(
        'ERR_MARKET_FORMAT',
      );
    }
  });
});
