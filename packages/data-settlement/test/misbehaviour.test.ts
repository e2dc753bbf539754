import {
  bodyDigest,
  CHUNK_HEADER_BYTES,
  inclusionProof,
  sealedChunkBytes,
} from '@edmp/data-settlement/dataset';
import { decodeProof, encodeProof, type Proof } from '@edmp/data-settlement/proof';
import {
  chunkKeys,
  decodeManifest,
  encodeSealedLeaf,
  openChunk,
  openDelivery,
} from '@edmp/data-settlement/sealing';
import { bytesToHex, isEdmpError, type OpenOutcome } from '@edmp/interface';
import { toldGaps } from '@edmp/interface/dataset';
import { decode, encode } from '@ipld/dag-cbor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Cheats, type Crafted, craft } from './support/cheat.ts';
import { contains } from './support/contains.ts';
import { quarterHours } from './support/fixtures.ts';
import { judged, type Parties, parties, receivedDeal } from './support/parties.ts';

const flip = (bytes: Uint8Array, at = 0, mask = 1): Uint8Array => bytes.with(at, (bytes[at] ?? 0) ^ mask);

/** Runs a crafted delivery through the buyer; the buyer already holds every block. */
async function caught(
  cheats: Cheats,
  days = 40,
): Promise<{ all: Parties; crafted: Crafted; outcome: OpenOutcome; proof: Uint8Array }> {
  const all = parties();
  const crafted = await craft(all, all.buyer.content, quarterHours({ days }), cheats);
  const { trade, document, delivery, wrappedKey } = crafted;
  const lengths = await Promise.all(
    crafted.blocks.map(async (cid) => (await all.buyer.content.get(cid)).length),
  );
  const received = all.buyer.settlement.receive(trade, document, delivery);
  // What has a wrong length is refused before anything is paid; whoever opens it all the same has a proof, too.
  if (lengths.every((length, i) => length === sealedChunkBytes(document, i))) await received;
  else await expect(received).rejects.toThrow(expect.objectContaining({ code: 'ERR_SETTLEMENT_DELIVERY' }));
  const outcome = await all.buyer.settlement.open(trade, document, delivery, wrappedKey);
  return { all, crafted, outcome, proof: outcome.kind === 'misbehaviour' ? outcome.proof : new Uint8Array() };
}

const writeHeader = (chunk: Uint8Array, offset: number, value: number): Uint8Array => {
  const out = chunk.slice();
  new DataView(out.buffer).setUint32(offset, value);
  return out;
};

const cases: readonly { name: string; kind: string; cheats: Cheats }[] = [
  { name: 'a wrapped key that does not unwrap', kind: 'wrong-key', cheats: { wrapped: (w) => flip(w, 40) } },
  { name: 'a wrapped key of the wrong length', kind: 'wrong-key', cheats: { wrapped: (w) => w.subarray(1) } },
  {
    name: 'a low-order encapsulated key',
    kind: 'wrong-key',
    cheats: { wrapped: (w) => new Uint8Array(w.length) },
  },
  { name: 'another content key', kind: 'wrong-key', cheats: { releasedKey: (k) => flip(k) } },
  { name: 'a content key of 31 bytes', kind: 'wrong-key', cheats: { releasedKey: (k) => k.subarray(1) } },
  {
    name: 'one wrong key commitment',
    kind: 'wrong-key',
    cheats: { commitment: (i, c) => (i === 1 ? flip(c) : c) },
  },
  {
    name: 'junk instead of a sealed chunk',
    kind: 'wrong-data',
    cheats: { ciphertext: (i, c) => (i === 1 ? flip(c, 99) : c) },
  },
  {
    name: 'a sealed chunk too short to open',
    kind: 'wrong-data',
    cheats: { ciphertext: () => new Uint8Array(7) },
  },
  {
    name: 'other data than committed',
    kind: 'wrong-data',
    cheats: { sealed: (i, c) => (i === 0 ? flip(c, 50) : c) },
  },
  { name: 'nothing at all in the seal', kind: 'wrong-data', cheats: { sealed: () => new Uint8Array(0) } },
  {
    name: 'a chunk that is no chunk',
    kind: 'wrong-description',
    cheats: { committed: (i, c) => (i === 1 ? c.fill(255, 11) : c) },
  },
  {
    name: 'an unknown chunk format',
    kind: 'wrong-description',
    cheats: { committed: (_, c) => c.with(0, 0x15) },
  },
  {
    name: 'other bytes an interval than its step calls for',
    kind: 'wrong-description',
    cheats: {
      committed: (i, c) => {
        if (i !== 1) return c;
        const view = new DataView(c.buffer, c.byteOffset);
        const slots = Uint8Array.from({ length: view.getUint32(1) * 6 }, (_, at) => (at % 6 === 0 ? 0 : 1));
        return Uint8Array.from([0x26, ...c.subarray(1, 11), ...slots]);
      },
    },
  },
  {
    name: 'an offset that the step does not allow',
    kind: 'wrong-description',
    cheats: { committed: (i, c) => (i === 0 ? c.with(10, 7) : c) },
  },
  {
    name: 'gaps claimed before the first chunk',
    kind: 'wrong-description',
    cheats: { committed: (i, c) => (i === 0 ? writeHeader(c, 5, 1) : c) },
  },
  {
    name: 'a gap count that breaks between two chunks',
    kind: 'wrong-description',
    cheats: { committed: (i, c) => (i === 1 ? writeHeader(c, 5, 0) : c) },
  },
  { name: 'fewer gaps promised than there are', kind: 'wrong-description', cheats: { gaps: 1 } },
  { name: 'more gaps promised than there are', kind: 'wrong-description', cheats: { gaps: 3 } },
];

describe('a cheating seller', () => {
  it.each(cases)('is proven guilty of $name', async ({ kind, cheats }) => {
    const { all, crafted, outcome, proof } = await caught(cheats);
    expect(outcome.kind).toBe('misbehaviour');
    expect(proof.length).toBeLessThanOrEqual(52 * 1024);
    const verdict = all.stranger.settlement.judge(judged(crafted, crafted.wrappedKey), proof);
    expect(verdict).toMatchObject({ guilty: true, kind });
    expect(verdict.reason.length).toBeGreaterThan(10);
  });

  it('is not accused when everything is in order', async () => {
    const { outcome } = await caught({});
    expect(outcome.kind).toBe('opened');
  });

  it('is not accused of gaps that are told in twentieths, and is of any other number', async () => {
    const { descriptor, consumption } = quarterHours({ days: 40 });
    const gaps = consumption.values.filter((value) => value === null).length;
    const told = toldGaps(descriptor.count, gaps);
    expect(told).toBeGreaterThan(gaps);
    expect((await caught({ gaps: told })).outcome.kind).toBe('opened');
    for (const wrong of [told - 1, told + 1, 2 * told]) {
      const { all, crafted, outcome, proof } = await caught({ gaps: wrong });
      expect(outcome.kind, `${wrong}`).toBe('misbehaviour');
      const verdict = all.stranger.settlement.judge(judged(crafted, crafted.wrappedKey), proof);
      expect(verdict).toMatchObject({ guilty: true, kind: 'wrong-description' });
    }
  });

  it('gives the same proof when the buyer opens again', async () => {
    const { all, crafted, proof } = await caught({ releasedKey: (k) => flip(k) });
    const again = await all.buyer.settlement.open(
      crafted.trade,
      crafted.document,
      crafted.delivery,
      crafted.wrappedKey,
    );
    expect(again).toMatchObject({ kind: 'misbehaviour', proof });
  });

  it('opens only one chunk to the judges of wrong data', async () => {
    const { crafted, proof } = await caught({ ciphertext: (i, c) => (i === 1 ? flip(c, 60) : c) });
    const decoded = decodeProof(proof);
    expect(decoded.kind).toBe('wrong-data');
    expect(contains(proof, crafted.contentKey)).toBe(false);
  });
});

describe('an honest seller', () => {
  it('cannot be framed with any proof taken from a cheat elsewhere', async () => {
    const honest = parties(5);
    const deal = await receivedDeal(honest, quarterHours({ days: 2 }));
    const wrapped = await honest.seller.settlement.release(deal.trade);
    for (const { cheats } of cases) {
      const { proof } = await caught(cheats);
      expect(honest.buyer.settlement.judge(judged(deal, wrapped), proof).guilty).toBe(false);
    }
  });

  it('cannot be framed with mutated proofs about its own delivery', async () => {
    const all = parties();
    const crafted = await craft(all, all.buyer.content, quarterHours({ days: 40 }));
    const facts = judged(crafted, crafted.wrappedKey);
    const proofs: Uint8Array[] = [];
    // Start from well-formed accusations of every kind that a buyer could make up from what it really holds.
    const manifest = decodeManifest(await all.buyer.content.get(crafted.delivery.manifest));
    const record = await all.buyer.secrets.get(
      `settlement/one-time/${bytesToHex(all.crypto.sha256(crafted.trade.recipientKey))}`,
    );
    const lie = async (changes: object): Promise<void> => {
      const outcome = await openDelivery({
        crypto: all.crypto,
        trade: crafted.trade,
        document: crafted.document,
        settlementRoot: crafted.delivery.settlementRoot,
        manifest,
        secretKey: decode<{ secret: Uint8Array }>(record!).secret,
        wrappedKey: crafted.wrappedKey,
        read: (cid) => all.buyer.content.get(cid),
        ...changes,
      });
      if (outcome.kind === 'misbehaviour') proofs.push(outcome.proof);
    };
    await lie({ wrappedKey: flip(crafted.wrappedKey, 50) });
    await lie({ read: async () => new Uint8Array(64) });
    await lie({ document: { ...crafted.document, descriptor: { ...crafted.document.descriptor, gaps: 1 } } });
    const wrongLeaf = manifest.leaves.map((leaf, i) =>
      i === 1 ? { ...leaf, keyCommitment: flip(leaf.keyCommitment) } : leaf,
    );
    await lie({ manifest: { ...manifest, leaves: wrongLeaf } });
    expect(proofs.map((proof) => decodeProof(proof).kind)).toEqual([
      'wrong-key',
      'wrong-data',
      'wrong-description',
      'wrong-key',
    ]);
    for (const proof of proofs) expect(all.seller.settlement.judge(facts, proof).guilty).toBe(false);
    fc.assert(
      fc.property(fc.nat(3), fc.nat(), fc.integer({ min: 1, max: 255 }), (which, at, mask) => {
        const proof = proofs[which]!;
        expect(all.seller.settlement.judge(facts, flip(proof, at % proof.length, mask)).guilty).toBe(false);
      }),
      { numRuns: 1500 },
    );
    // And with structured mutations that stay canonical.
    const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(
        fc.nat(3),
        fc.nat(30),
        bytes,
        fc.uint8Array({ maxLength: 700 }),
        (which, index, hash, junk) => {
          const proof = decodeProof(proofs[which]!);
          const mutants: Proof[] =
            proof.kind === 'wrong-key'
              ? [
                  { ...proof, secretKey: hash },
                  { ...proof, check: null },
                ]
              : proof.kind === 'wrong-data'
                ? [
                    { ...proof, ciphertext: junk },
                    { ...proof, key: hash },
                    { ...proof, check: { ...proof.check, index } },
                    { ...proof, check: { ...proof.check, path: [...proof.check.path, hash] } },
                  ]
                : [
                    { ...proof, index },
                    { ...proof, salt: hash.subarray(16) },
                    { ...proof, path: [hash] },
                  ];
          for (const mutant of mutants) {
            expect(all.seller.settlement.judge(facts, encodeProof(mutant)).guilty).toBe(false);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('true evidence', () => {
  it('convicts nobody', async () => {
    const all = parties();
    const crafted = await craft(all, all.buyer.content, quarterHours({ days: 40 }));
    const facts = judged(crafted, crafted.wrappedKey);
    const { trade, document, delivery } = crafted;
    const manifest = decodeManifest(await all.buyer.content.get(delivery.manifest));
    const record = await all.buyer.secrets.get(
      `settlement/one-time/${bytesToHex(all.crypto.sha256(trade.recipientKey))}`,
    );
    const secretKey = decode<{ secret: Uint8Array }>(record!).secret;
    const sealedLeaves = manifest.leaves.map(encodeSealedLeaf);
    const dataLeaves = manifest.leaves.map((leaf) => leaf.dataLeaf);
    const keyOf = chunkKeys(all.crypto, crafted.contentKey);
    const opened = await Promise.all(
      manifest.leaves.map(async (leaf, index) => {
        const ciphertext = await all.buyer.content.get(manifest.blocks[index]!);
        const place = { tradeId: trade.tradeId, index, count: document.chunks };
        return { ciphertext, ...openChunk(all.crypto, place, keyOf(index), ciphertext, leaf.dataLeaf)! };
      }),
    );
    expect(opened.length).toBeGreaterThan(1);
    for (const [index, { ciphertext, salt, chunk }] of opened.entries()) {
      const check = {
        index,
        leaf: sealedLeaves[index]!,
        path: inclusionProof(all.crypto, sealedLeaves, index),
      };
      const path = inclusionProof(all.crypto, dataLeaves, index);
      const following = opened[index + 1];
      const next =
        following === undefined
          ? null
          : {
              header: following.chunk.subarray(0, CHUNK_HEADER_BYTES),
              body: bodyDigest(all.crypto, index + 1, following.salt, following.chunk),
              path: inclusionProof(all.crypto, dataLeaves, index + 1),
            };
      const proofs: Proof[] = [
        { kind: 'wrong-key', secretKey, check },
        { kind: 'wrong-key', secretKey, check: { ...check, leaf: flip(check.leaf, 80) } },
        { kind: 'wrong-key', secretKey, check: null },
        { kind: 'wrong-data', check, ciphertext, key: keyOf(index) },
        { kind: 'wrong-data', check, ciphertext: flip(ciphertext), key: keyOf(index) },
        { kind: 'wrong-description', index, salt, chunk, path, next: null },
        { kind: 'wrong-description', index, salt, chunk, path, next },
        {
          kind: 'wrong-description',
          index,
          salt,
          chunk,
          path,
          next: next === null ? null : { ...next, header: flip(next.header, 8) },
        },
      ];
      for (const proof of proofs) {
        const verdict = all.seller.settlement.judge(facts, encodeProof(proof));
        expect(verdict, verdict.reason).toMatchObject({ guilty: false, kind: proof.kind });
      }
    }
  });
});

describe('judge', () => {
  it('never throws: rubbish is unfounded', async () => {
    const all = parties();
    const deal = await receivedDeal(all);
    const facts = judged(deal, new Uint8Array(80));
    const judge = (proof: Uint8Array): boolean => all.seller.settlement.judge(facts, proof).guilty;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (proof) => {
        expect(judge(proof)).toBe(false);
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.object({ withBigInt: false, withNullPrototype: false }), (value) => {
        let proof: Uint8Array;
        try {
          proof = encode({ v: 1, kind: 'wrong-data', ...value });
        } catch {
          return;
        }
        expect(judge(proof)).toBe(false);
      }),
      { numRuns: 300 },
    );
    expect(judge(undefined as unknown as Uint8Array)).toBe(false);
    expect(judge(new Uint8Array(60 * 1024))).toBe(false);
    const { proof, crafted } = await caught({ releasedKey: (k) => flip(k) });
    const facts2 = judged(crafted, crafted.wrappedKey);
    for (const broken of [
      { ...facts2, tradeId: undefined as unknown as Uint8Array },
      { ...facts2, wrappedKey: undefined as unknown as Uint8Array },
      { ...facts2, document: { ...facts2.document, dataRoot: new Uint8Array(3) } },
      { ...facts2, asset: 'EWother' },
    ]) {
      expect(all.seller.settlement.judge(broken, proof).guilty).toBe(false);
    }
  });

  it('does not accept a proof against another trade of the same seller', async () => {
    const first = await caught({ releasedKey: (k) => flip(k) });
    const second = await craft(first.all, first.all.buyer.content, quarterHours({ days: 40 }));
    const judge = first.all.seller.settlement.judge;
    expect(judge(judged(second, second.wrappedKey), first.proof).guilty).toBe(false);
  });
});

describe('decodeProof', () => {
  it('reads back every proof, and refuses anything else with a typed error', async () => {
    for (const { cheats } of cases) {
      const { proof } = await caught(cheats);
      expect(encodeProof(decodeProof(proof))).toEqual(proof);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          decodeProof(bytes);
        } catch (error) {
          expect(isEdmpError(error, 'ERR_SETTLEMENT_FORMAT')).toBe(true);
          return;
        }
        throw new Error('random bytes passed for a proof');
      }),
      { numRuns: 300 },
    );
  });
});
