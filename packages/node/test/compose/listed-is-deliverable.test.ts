/** The market and data settlement do not know each other; here is shown that they agree on what can be sold. */

import { createSettlement, memoryContentStore } from '@edmp/data-settlement';
import { createDataset, MAX_CHUNK_BYTES, sealedChunkBytes } from '@edmp/data-settlement/dataset';
import { sealDataset } from '@edmp/data-settlement/sealing';
import {
  type Consumption,
  type DatasetDocument,
  memoryKeyValueStore,
  type Network,
  seededRandom,
  softwareSigner,
  virtualEnvironment,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { assetIdOf, COMMODITIES, FLOWS, INTERVAL_STEPS, UNITS_OF_COMMODITY } from '@edmp/interface/dataset';
import { decodeCanonical, encodeCanonical } from '@edmp/interface/format';
import { ASK_TYPE, decodeOrder } from '@edmp/market/codec';
import { signHalfBlock } from '@edmp/trustchain/block';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

// Without threads: real work in the background would race with the virtual clock.
const crypto = nodeCrypto({ threads: false });
const environment = virtualEnvironment();
const random = seededRandom(5);
const signerOf = () => softwareSigner({ crypto, secretKey: random.bytes(32) });
const [stranger, buyer] = [signerOf(), signerOf()];
/** Nothing is fetched over it: the sealed blocks come from a store. */
const network = { self: buyer.publicKey, handle: () => () => {} } as unknown as Network;

const COUNT = 24;
const consumption: Consumption = {
  values: Array.from({ length: COUNT }, (_, n) => 1_000 * n),
  quality: new Uint8Array(COUNT),
  offsetMinutes: 0,
};
const dataset = createDataset({
  descriptor: {
    commodity: 'electricity',
    flow: 'import',
    unit: 'uKWh',
    step: 'PT1H',
    zone: 'Europe/Amsterdam',
    from: '2026-03-04',
    to: '2026-03-04',
    count: COUNT,
    gaps: 0,
    cell: null,
    household: null,
    attestation: 'unsigned',
    verified: 0,
    pseudonym: new Uint8Array(16),
    licence: 'EDMP-personal-1',
    purposes: ['research'],
    consent: null,
    title: 'One day',
  },
  consumption,
  crypto,
  random: (length) => random.bytes(length),
});
const with_ = (changes: object, top: object = {}): DatasetDocument =>
  ({ ...dataset.document, ...top, descriptor: { ...dataset.document.descriptor, ...changes } }) as never;

/** Whether every node lists an ask with the document. A stranger signs what it likes: nothing is checked before. */
async function isListed(document: DatasetDocument): Promise<boolean> {
  const tx = {
    v: 1,
    document: document as never,
    price: { currency: 'DUM1', amount: 1, per: 1 },
    supply: 1,
    expires: environment.now() + 1_000_000,
    witnesses: [],
  };
  const core = {
    v: 1 as const,
    key: stranger.publicKey,
    seq: 1,
    prev: null,
    peer: null,
    link: null,
    type: ASK_TYPE,
    tx: decodeCanonical(encodeCanonical(tx)),
    time: environment.now(),
  };
  const block = await signHalfBlock(core, stranger, crypto);
  try {
    decodeOrder(block, crypto);
    return true;
  } catch (error) {
    expect(error).toMatchObject({
      code: 'ERR_MARKET_FORMAT',
      cause: { code: expect.stringMatching(/^ERR_DATASET_/) },
    });
    return false;
  }
}

/** Whether a buyer gets the data out of a delivery that a stranger sealed by hand. */
async function isDelivered(document: DatasetDocument): Promise<boolean> {
  const store = memoryContentStore({ crypto, environment });
  const settlement = createSettlement({
    crypto,
    environment,
    content: memoryContentStore({ crypto, environment }),
    secrets: memoryKeyValueStore(),
    network,
    source: () => store,
  });
  try {
    const recipientKey = await settlement.createRecipientKey();
    const tradeId = crypto.sha256(recipientKey);
    const sealed = await sealDataset({
      crypto,
      store,
      tradeId,
      contentKey: crypto.sha256(tradeId),
      count: dataset.chunks.length,
      // Of the length that the document calls for; what is in it only shows when it is opened.
      saltedChunks: dataset.saltedChunks.map((chunk, i) => {
        const plain = sealedChunkBytes(document, i) - 16;
        return plain > 0 && plain <= MAX_CHUNK_BYTES ? new Uint8Array(plain) : chunk;
      }),
      dataLeaf: (index) => dataset.leaves[index] ?? new Uint8Array(0),
    });
    const trade = {
      tradeId,
      asset: assetIdOf(document, crypto),
      seller: stranger.publicKey,
      buyer: buyer.publicKey,
      suite: settlement.keySuite,
      recipientKey,
    };
    await environment.run(settlement.receive(trade, document, sealed));
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_DATASET_/) });
    return false;
  } finally {
    await settlement.stop();
  }
}

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.string({ unit: 'binary-ascii', maxLength: 10 }),
  fc.constantFrom(
    '',
    'a\u001b[2J',
    'e\u0301',
    'cheap \u202egnirts',
    'x'.repeat(64),
    'x'.repeat(101),
    'x'.repeat(201),
  ),
);
/** Fields made something else, right or wrong. */
const fields = fc.record({
  title: text,
  licence: text,
  purposes: fc.array(text, { maxLength: 3 }),
  zone: fc.oneof(text, fc.constantFrom('UTC', 'Europe/Atlantis', '+01:00')),
  cell: fc.option(fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('u15p', 'ul'))),
  commodity: fc.constantFrom(...COMMODITIES),
  unit: fc.constantFrom(...Object.values(UNITS_OF_COMMODITY).flat()),
  flow: fc.constantFrom(...FLOWS, 'both'),
  step: fc.constantFrom(...INTERVAL_STEPS),
  from: fc.constantFrom('2026-03-03', '1000-01-01', '2026-02-30', '3000-01-01'),
  to: fc.constantFrom('2026-03-05', '2026-03-01', '2026-03-30'),
  count: fc.constantFrom(1, 25, 60_000_000, 0),
  verified: fc.constantFrom(0, -1, 2 ** 53 - 1),
  household: fc.option(
    fc.record({ kind: fc.constantFrom('house', 'castle'), occupants: fc.constantFrom('1', '9', null) }),
  ),
  consent: fc.option(fc.uint8Array({ minLength: 31, maxLength: 32 })),
});
/** Up to three of them. */
const changes = fc.tuple(fields, fc.array(fc.nat(), { minLength: 1, maxLength: 3 })).map(([all, places]) => {
  const entries = Object.entries(all);
  return Object.fromEntries(places.map((place) => entries[place % entries.length] ?? ['title', 'none']));
});

describe('a document that the market lists', () => {
  it.each<[string, DatasetDocument, boolean]>([
    ['plain', with_({}), true],
    ['title with a direction override', with_({ title: 'cheap \u202egnirts' }), false],
    ['title with NUL and a line feed', with_({ title: 'a\u0000b\nc' }), false],
    ['empty licence', with_({ licence: '' }), false],
    ['empty zone', with_({ zone: '' }), false],
    ['a zone that this runtime does not know', with_({ zone: 'Europe/Atlantis' }), true],
    ['empty purpose', with_({ purposes: [''] }), false],
    ['purpose twice', with_({ purposes: ['a', 'a'] }), false],
    ['gas in kWh', with_({ commodity: 'gas' }), false],
    ['electricity in m³', with_({ unit: 'uM3' }), false],
    ['year 1000', with_({ from: '1000-01-01', to: '1000-01-01' }), false],
    ['year 3000', with_({ from: '3000-01-01', to: '3000-01-01' }), false],
    ['too many intervals', with_({ count: 60_000_000 }), false],
    ['more chunks than intervals', with_({ count: 1 }, { chunks: 10_000 }), false],
    ['more chunks than a manifest holds', with_({ count: 50_000 }, { chunks: 10_500 }), false],
    ['geohash with an l', with_({ cell: 'ul' }), false],
    ['one interval of a day', with_({ count: 1 }), true],
  ])('can be received: %s', async (_name, document, expected) => {
    expect(await isListed(document)).toBe(expected);
    expect(await isDelivered(document)).toBe(expected);
  });

  it('can be received, whatever it says, and no other can', async () => {
    const counts = { listed: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(changes, async (changed) => {
        const document = with_(changed);
        const listed = await isListed(document);
        counts[listed ? 'listed' : 'refused'] += 1;
        expect(await isDelivered(document)).toBe(listed);
      }),
      { numRuns: 300, endOnFailure: true },
    );
    expect(counts.refused).toBeGreaterThan(20);
    expect(counts.listed).toBeGreaterThan(3);
  });
});
