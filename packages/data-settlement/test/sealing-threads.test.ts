import { memoryContentStore } from '@edmp/data-settlement';
import {
  type ChunkSealer,
  localSealer,
  type SealedChunk,
  type SealJob,
  sealDataset,
} from '@edmp/data-settlement/sealing';
import { sealingThreads } from '@edmp/data-settlement/threads';
import { bytesToHex, seededRandom, virtualEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounds } from '../../../scripts/lib/bounds.ts';

const crypto = nodeCrypto();
const random = seededRandom(3);

function job(lengths: readonly number[], over: Partial<SealJob> = {}): SealJob {
  return {
    contentKey: random.bytes(32),
    tradeId: random.bytes(32),
    count: 2 ** 31,
    first: 0,
    saltedChunks: lengths.map((length) => random.bytes(length)),
    ...over,
  };
}

const hex = (chunks: readonly SealedChunk[]): readonly (readonly string[])[] =>
  chunks.map(({ bytes, digest, keyCommitment }) => [bytes, digest, keyCommitment].map(bytesToHex));

/** Seals a delivery of `count` chunks of 16 kB, of which the last is shorter. */
async function delivery(sealer?: ChunkSealer, count = 300) {
  const chunks = seededRandom(4);
  const store = memoryContentStore({ crypto, environment: virtualEnvironment() });
  const made = await sealDataset({
    crypto,
    store,
    tradeId: new Uint8Array(32).fill(1),
    contentKey: new Uint8Array(32).fill(2),
    count,
    saltedChunks: Array.from({ length: count }, (_, i) => chunks.bytes(i === count - 1 ? 100 : 1_600)),
    dataLeaf: (index) => new Uint8Array(32).fill(index & 255),
    ...(sealer === undefined ? {} : { sealer }),
  });
  return { ...made, manifest: made.manifest.toString(), settlementRoot: bytesToHex(made.settlementRoot) };
}

describe('sealing threads', { timeout: bounds.journey }, () => {
  it('give the bytes of the calling thread', async () => {
    await using sealer = sealingThreads({ crypto, minBytes: 1, threads: 1 });
    const here = localSealer(crypto);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(3_000), { minLength: 1, maxLength: 9 }),
        fc.nat(2 ** 31),
        async (lengths, first) => {
          const one = job(lengths, {
            first,
            contentKey: new Uint8Array(100).fill(first & 255).subarray(3, 35),
          });
          expect(hex(await sealer.seal(one))).toEqual(hex(await here.seal(one)));
        },
      ),
      { numRuns: 25 },
    );
  });

  it('share a delivery with the calling thread and keep its order', async () => {
    const alone = await delivery();
    for (const threads of [1, 2, 3]) {
      await using sealer = sealingThreads({ crypto, minBytes: 1, threads });
      expect(await delivery(sealer)).toEqual(alone);
    }
  });

  it('are left alone by what is small', async () => {
    let here = 0;
    const counting = {
      ...crypto,
      chacha20Poly1305Seal: (...args: Parameters<typeof crypto.chacha20Poly1305Seal>) => {
        here += 1;
        return crypto.chacha20Poly1305Seal(...args);
      },
    };
    await using sealer = sealingThreads({ crypto: counting, threads: 1 });
    await sealer.seal(job([16_000, 16_000], { count: 11 }));
    expect(here).toBe(2);
    await sealer.seal(job([16_000, 16_000], { count: 9_000 }));
    expect(here).toBe(2);
  });

  it('that end in the middle leave the rest to the calling thread', async () => {
    const alone = await delivery();
    const sealer = sealingThreads({ crypto, minBytes: 1, threads: 2 });
    const sealing = delivery(sealer);
    await sealer.stop();
    await sealer.stop();
    expect(await sealing).toEqual(alone);
    expect(await delivery(sealer)).toEqual(alone);
  });
});

describe('sealing a dataset', () => {
  it('ends with the first failure of the store, and leaves nothing running', async () => {
    let running = 0;
    let puts = 0;
    const put = async (): Promise<never> => {
      running += 1;
      puts += 1;
      await Promise.resolve();
      running -= 1;
      throw new Error('the disk is full');
    };
    const sealing = sealDataset({
      crypto,
      store: { put },
      tradeId: new Uint8Array(32),
      contentKey: new Uint8Array(32),
      count: 1_000,
      saltedChunks: Array.from({ length: 1_000 }, () => new Uint8Array(50)),
      dataLeaf: () => new Uint8Array(32),
    });
    await expect(sealing).rejects.toThrow('the disk is full');
    expect(running).toBe(0);
    expect(puts).toBeLessThan(300);
  });

  it('ends when it is called off', async () => {
    const controller = new AbortController();
    const chunks = async function* () {
      for (let i = 0; i < 200; i++) {
        if (i === 100) controller.abort();
        yield new Uint8Array(50);
      }
    };
    const sealing = sealDataset({
      crypto,
      store: memoryContentStore({ crypto, environment: virtualEnvironment() }),
      tradeId: new Uint8Array(32),
      contentKey: new Uint8Array(32),
      count: 200,
      saltedChunks: chunks(),
      dataLeaf: () => new Uint8Array(32),
      signal: controller.signal,
    });
    await expect(sealing).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  });
});
