import {
  type BlockStore,
  concatBytes,
  type HalfBlock,
  isEdmpError,
  virtualEnvironment,
} from '@edmp/interface';
import { encodeCanonical } from '@edmp/interface/format';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { identify } from '@edmp/trustchain/block';
import { encodeFraudProof, forkEvidence } from '@edmp/trustchain/fraud';
import { exportChainCar, importChainCar, readChainCar, verifyChain } from '@edmp/trustchain/tools';
import * as dagCbor from '@ipld/dag-cbor';
import * as fc from 'fast-check';
import { CID } from 'multiformats/cid';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeCarHeader, encodeCarSection } from '../src/car/sections.ts';
import { agreementTo, blockOf, chainOf, crypto, itemAt, START, signerOf } from './support/blocks.ts';
import { codeOfAsync } from './support/errors.ts';

const alice = signerOf(1);
const bob = signerOf(2);

async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return concatBytes(...parts);
}
async function piecesOf(store: BlockStore): Promise<readonly Uint8Array[]> {
  const parts: Uint8Array[] = [];
  for await (const part of exportChainCar(store, alice.publicKey, { crypto })) parts.push(part);
  return parts;
}
const storeOf = async (blocks: readonly HalfBlock[]): Promise<BlockStore> => {
  const store = memoryBlockStore();
  await store.put(blocks);
  return store;
};
async function* pieces(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}
const importInto = async (bytes: Uint8Array, size = 1_000) => {
  const store = memoryBlockStore();
  const environment = virtualEnvironment();
  const chain = await createTrustchain({ signer: signerOf(99), crypto, store, environment });
  return { store, report: await importChainCar(chain, pieces(bytes, size), { crypto }) };
};

let chain: HalfBlock[];
let car: Uint8Array;
beforeAll(async () => {
  chain = await chainOf(alice, 40);
  const store = memoryBlockStore();
  await store.put(chain);
  car = await collect(exportChainCar(store, alice.publicKey, { crypto }));
});

describe('a chain as a CAR file', () => {
  it('comes back whole, whatever the pieces it arrives in', async () => {
    for (const size of [1, 7, 333, 1_000_000]) {
      const { store, report } = await importInto(car, size);
      expect(report).toMatchObject({ author: alice.publicKey, blocks: 40, added: 40, proofs: 0 });
      expect(await verifyChain(store, alice.publicKey, { crypto, now: START })).toMatchObject({
        sound: true,
        blocks: 40,
      });
    }
  });

  it('can be walked by any IPLD tool from the head along prev', () => {
    const blocks = new Map<string, Uint8Array>();
    let offset = 0;
    const length = (): number => {
      let value = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = car[offset++] ?? 0;
        value |= (byte & 127) << shift;
        if (byte < 128) return value;
      }
    };
    const header = dagCbor.decode<{ roots: CID[]; version: number }>(car.subarray(1, 1 + (car[0] ?? 0)));
    offset = 1 + (car[0] ?? 0);
    while (offset < car.length) {
      const end = length() + offset;
      const [cid, rest] = CID.decodeFirst(car.subarray(offset, end));
      blocks.set(cid.toString(), rest);
      offset = end;
    }
    const read = <T>(cid: CID): T => dagCbor.decode<T>(blocks.get(cid.toString()) ?? new Uint8Array());
    const root = read<{ head: CID; format: string; blocks: number }>(itemAt(header.roots, 0));
    expect(root).toMatchObject({ format: 'edmp/chain/v1', blocks: 40 });
    let seen = 0;
    for (let at: CID | null = root.head; at !== null; seen++) at = read<{ prev: CID | null }>(at).prev;
    expect(seen).toBe(40);
  });

  it('carries other halves and fraud proofs', async () => {
    const store = memoryBlockStore();
    const proposal = await blockOf(alice, { peer: bob.publicKey });
    const agreement = await agreementTo(bob, proposal);
    const theirs = await blockOf(bob, { seq: 2, prev: agreement.id, peer: alice.publicKey });
    const answer = await agreementTo(alice, theirs, { seq: 2, prev: proposal.id });
    const fork = await blockOf(alice, { tx: 'fork' });
    const evidence = forkEvidence(proposal, fork);
    if (evidence === undefined) throw new Error('no evidence');
    const proof = encodeFraudProof(evidence, crypto);
    await store.put([proposal, agreement, theirs, answer]);
    await store.putProof(alice.publicKey, proof.id, proof.bytes);
    const { store: copy, report } = await importInto(
      await collect(exportChainCar(store, alice.publicKey, { crypto, links: true })),
    );
    expect(report).toMatchObject({ blocks: 4, proofs: 1 });
    expect(await copy.count()).toBe(5);
    expect((await copy.proofs(alice.publicKey)).length).toBe(1);
  });

  it('of an empty chain is a root and nothing else', async () => {
    const bytes = await collect(exportChainCar(memoryBlockStore(), alice.publicKey, { crypto }));
    expect((await importInto(bytes)).report).toMatchObject({ blocks: 0, added: 0 });
  });

  it('leaves out a proposal that is not stored', async () => {
    const store = memoryBlockStore();
    await store.put([await agreementTo(bob, await blockOf(alice, { peer: bob.publicKey }))]);
    const bytes = await collect(exportChainCar(store, bob.publicKey, { crypto, links: true }));
    expect((await importInto(bytes)).report).toMatchObject({ blocks: 1 });
  });

  it('longer than a page comes back whole', async () => {
    const store = memoryBlockStore();
    await store.put(await chainOf(bob, 300));
    const bytes = await collect(exportChainCar(store, bob.publicKey, { crypto }));
    expect((await importInto(bytes, 100_000)).report).toMatchObject({ blocks: 300, added: 300 });
  });

  it('is refused when its root is no map, or cores come without end and without signatures', async () => {
    const file = (sections: readonly Uint8Array[]): Uint8Array => {
      const root = identify(itemAt(sections, 0), crypto);
      return concatBytes(
        encodeCarHeader(root),
        ...sections.map((bytes) => encodeCarSection({ id: identify(bytes, crypto), bytes })),
      );
    };
    expect(await codeOfAsync(importInto(file([encodeCanonical(5)])))).toBe('ERR_CAR_FORMAT');
    const root = { format: 'edmp/chain/v1', author: alice.publicKey, head: null, blocks: 0 };
    const cores = Array.from({ length: 1_030 }, (_, n) => encodeCanonical({ n }));
    expect(await codeOfAsync(importInto(file([encodeCanonical(root), ...cores])))).toBe('ERR_CAR_FORMAT');
  });

  it('is refused by name when it is damaged', async () => {
    const refused = (bytes: Uint8Array): Promise<string> => codeOfAsync(importInto(bytes));
    expect(await refused(new Uint8Array(0))).toBe('ERR_CAR_INCOMPLETE');
    expect(await refused(car.subarray(0, car.length - 5))).toBe('ERR_CAR_INCOMPLETE');
    expect(await refused(car.subarray(0, 59))).toBe('ERR_CAR_INCOMPLETE');
    const flipped = car.slice();
    flipped[car.length - 5] = (flipped[car.length - 5] ?? 0) ^ 1;
    expect(await refused(flipped)).toBe('ERR_CAR_HASH');
    expect(await refused(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff))).toBe('ERR_CAR_FORMAT');
    expect(await refused(Uint8Array.of(0xff, 0xff, 0xff, 0x7f))).toBe('ERR_CAR_TOO_LARGE');
    expect(await refused(Uint8Array.of(0x80, 0x00))).toBe('ERR_CAR_FORMAT');
    const header = (value: unknown): Uint8Array => {
      const bytes = encodeCanonical(value as never);
      return Uint8Array.of(bytes.length, ...bytes);
    };
    expect(await refused(header({ roots: [], version: 1 }))).toBe('ERR_CAR_FORMAT');
    expect(await refused(header({ roots: [itemAt(chain, 0).id], version: 2 }))).toBe('ERR_CAR_FORMAT');
    expect(await refused(header(5))).toBe('ERR_CAR_FORMAT');
    expect(await refused(Uint8Array.of(2, 0xff, 0xff))).toBe('ERR_CAR_FORMAT');
    const section = (value: unknown): Uint8Array => {
      const bytes = encodeCanonical(value as never);
      const id = identify(bytes, crypto);
      return Uint8Array.of(
        ((bytes.length + 36) % 128) | 0x80,
        (bytes.length + 36) >> 7,
        ...id.bytes,
        ...bytes,
      );
    };
    const root = {
      format: 'edmp/chain/v1',
      author: alice.publicKey,
      head: null,
      blocks: 0,
      pad: new Uint8Array(100),
    };
    const start = (value: unknown): Uint8Array =>
      Uint8Array.of(
        ...header({ roots: [identify(encodeCanonical(value as never), crypto)], version: 1 }),
        ...section(value),
      );
    expect(await refused(start(root))).toBe('no error');
    expect(await refused(start({ ...root, format: 'other' }))).toBe('ERR_CAR_FORMAT');
    expect(
      await refused(Uint8Array.of(...header({ roots: [itemAt(chain, 0).id], version: 1 }), ...section(root))),
    ).toBe('ERR_CAR_FORMAT');
    const pad = new Uint8Array(100);
    expect(await refused(Uint8Array.of(...start(root), ...section([itemAt(chain, 0).id, pad])))).toBe(
      'ERR_CAR_INCOMPLETE',
    );
    expect(await refused(Uint8Array.of(...start(root), ...section([1, pad])))).toBe('ERR_CAR_INCOMPLETE');
    expect(await refused(Uint8Array.of(...start(root), ...section({ pad })))).toBe('ERR_CAR_INCOMPLETE');
    expect(await refused(Uint8Array.of(...start(root), ...section({ kind: 'fork', pad })))).toBe(
      'ERR_FRAUD_ENCODING',
    );
    expect(await refused(Uint8Array.of(...start(root), 10, ...new Uint8Array(10)))).toBe('ERR_CAR_FORMAT');
    expect(await refused(Uint8Array.of(...start(root), 40, ...new Uint8Array(40)))).toBe('ERR_CAR_FORMAT');
  });

  it('with a forged signature stops at that block', async () => {
    const store = memoryBlockStore();
    const two = itemAt(chain, 1);
    await store.put([itemAt(chain, 0), { ...two, signature: new Uint8Array(64) }]);
    const bytes = await collect(exportChainCar(store, alice.publicKey, { crypto }));
    expect(await codeOfAsync(importInto(bytes))).toBe('ERR_BLOCK_SIGNATURE');
  });

  it('cut at the end of any section says so, after what came before it was taken in', async () => {
    const store = memoryBlockStore();
    await store.put(chain.slice(0, 5));
    const evidence = forkEvidence(itemAt(chain, 0), await blockOf(alice, { tx: 'fork' }));
    if (evidence === undefined) throw new Error('no evidence');
    const proof = encodeFraudProof(evidence, crypto);
    await store.putProof(alice.publicKey, proof.id, proof.bytes);
    const parts: Uint8Array[] = [];
    for await (const part of exportChainCar(store, alice.publicKey, { crypto })) parts.push(part);
    for (let kept = 1; kept < parts.length; kept++) {
      const file = concatBytes(...parts.slice(0, kept));
      expect(await codeOfAsync(importInto(file)), `${kept} of ${parts.length} pieces`).toBe(
        'ERR_CAR_INCOMPLETE',
      );
    }
    const taken = memoryBlockStore();
    const into = await createTrustchain({
      signer: signerOf(99),
      crypto,
      store: taken,
      environment: virtualEnvironment(),
    });
    const cut = concatBytes(...parts.slice(0, 2 + 2 * 3));
    expect(await codeOfAsync(importChainCar(into, pieces(cut, 100), { crypto }))).toBe('ERR_CAR_INCOMPLETE');
    expect(await taken.count(alice.publicKey)).toBe(3);
    expect((await importInto(concatBytes(...parts))).report).toMatchObject({ blocks: 5, proofs: 1 });
  });

  it('that lacks the head is incomplete, whatever else it holds', async () => {
    const store = memoryBlockStore();
    await store.put([...chain.slice(0, 3), await blockOf(alice, { tx: 'fork' })]);
    const other = memoryBlockStore();
    await other.put(chain.slice(0, 4));
    const [header = new Uint8Array(), root = new Uint8Array()] = await piecesOf(other);
    const [, , ...sections] = await piecesOf(store);
    const file = concatBytes(header, root, ...sections);
    expect(await codeOfAsync(importInto(file))).toBe('ERR_CAR_INCOMPLETE');
  });

  it('holds the chain up to the head that it announces, though the chain grows meanwhile', async () => {
    const store = memoryBlockStore();
    await store.put(chain.slice(0, 10));
    const exported: Uint8Array[] = [];
    for await (const part of exportChainCar(store, alice.publicKey, { crypto })) {
      exported.push(part);
      if (exported.length === 1) await store.put(chain);
    }
    const { store: copy, report } = await importInto(concatBytes(...exported));
    expect(report).toMatchObject({ blocks: 10, added: 10 });
    expect((await copy.head(alice.publicKey))?.core.seq).toBe(10);
  });

  it('has each block of the chain once, also where the author answered itself', async () => {
    const store = memoryBlockStore();
    const proposal = await blockOf(alice, { peer: bob.publicKey });
    const withdrawal = await blockOf(alice, {
      seq: 2,
      prev: proposal.id,
      peer: bob.publicKey,
      link: proposal.id,
      type: 'tc/withdraw',
    });
    await store.put([proposal, withdrawal]);
    const file = await collect(exportChainCar(store, alice.publicKey, { crypto, links: true }));
    expect((await importInto(file)).report).toMatchObject({ blocks: 2, added: 2 });
  });

  it('has its source closed by a reader that stops early, fails, or comes to the end', async () => {
    const parts = await piecesOf(await storeOf(chain.slice(0, 3)));
    let closed = 0;
    async function* source(list: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
      try {
        yield* list;
      } finally {
        closed += 1;
      }
    }
    const hostile = [...parts.slice(0, 2), new Uint8Array(500).fill(0xff), ...parts.slice(2)];
    const unused = async () => Promise.reject(new Error('unused'));
    const into = { receive: unused, accuse: unused, store: memoryBlockStore() };
    expect(await codeOfAsync(importChainCar(into, source(hostile), { crypto }))).toBe('ERR_CAR_FORMAT');
    expect(closed).toBe(1);
    for await (const item of readChainCar(source(parts), crypto)) {
      expect(item.kind).toBe('chain');
      break;
    }
    expect(closed).toBe(2);
    for await (const _ of readChainCar(source(parts), crypto));
    expect(closed).toBe(3);
    // No closing is owed to a source that failed by itself, and its own words are passed on.
    async function* failing(): AsyncIterable<Uint8Array> {
      yield itemAt(parts, 0);
      throw new Error('torn cable');
    }
    await expect(importChainCar(into, failing(), { crypto })).rejects.toThrow('torn cable');
    const rude: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: new Uint8Array(50).fill(0xff) }),
        return: () => Promise.reject(new Error('will not close')),
      }),
    };
    expect(await codeOfAsync(importChainCar(into, rude, { crypto }))).toBe('ERR_CAR_FORMAT');
    const plain: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: new Uint8Array(50).fill(0xff) }),
      }),
    };
    expect(await codeOfAsync(importChainCar(into, plain, { crypto }))).toBe('ERR_CAR_FORMAT');
  });

  it('is given up when the caller aborts, though its source stalls', async () => {
    const parts = await piecesOf(await storeOf(chain.slice(0, 3)));
    for (const given of [0, 1, 4]) {
      const controller = new AbortController();
      let asked = 0;
      async function* stalled(): AsyncIterable<Uint8Array> {
        yield* parts.slice(0, given);
        asked += 1;
        controller.abort();
        await new Promise(() => {});
      }
      const into = await createTrustchain({
        signer: signerOf(99),
        crypto,
        store: memoryBlockStore(),
        environment: virtualEnvironment(),
      });
      const options = { crypto, signal: controller.signal };
      expect(await codeOfAsync(importChainCar(into, stalled(), options))).toBe('ERR_ABORTED');
      expect(asked).toBe(1);
      expect(await codeOfAsync(importChainCar(into, stalled(), options))).toBe('ERR_ABORTED');
      expect(asked).toBe(1);
    }
  });

  it('is given up when the caller aborts later, and when its source will not close', async () => {
    const parts = await piecesOf(await storeOf(chain.slice(0, 3)));
    const controller = new AbortController();
    const never = new Promise<never>(() => {});
    const stalled: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({ next: () => never, return: () => never }),
    };
    const reading = codeOfAsync(
      readChainCar(stalled, crypto, { signal: controller.signal })[Symbol.asyncIterator]().next(),
    );
    controller.abort();
    expect(await reading).toBe('ERR_ABORTED');

    const second = new AbortController();
    let next = 0;
    const unclosable: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: itemAt(parts, next++) }),
        return: () => {
          queueMicrotask(() => second.abort());
          return never;
        },
      }),
    };
    const iterator = readChainCar(unclosable, crypto, { signal: second.signal })[Symbol.asyncIterator]();
    await iterator.next();
    expect(await codeOfAsync(iterator.return?.() ?? Promise.resolve())).toBe('ERR_ABORTED');
  });

  it('never crashes the reader, whatever is changed', async () => {
    const small = car.subarray(0, 2_000);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(small.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (position, change) => {
          const altered = small.slice();
          altered[position] = (altered[position] ?? 0) ^ change;
          try {
            for await (const _ of readChainCar(pieces(altered, 500), crypto));
          } catch (error) {
            if (!isEdmpError(error)) throw error;
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
