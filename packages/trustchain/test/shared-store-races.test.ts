/** What two processes over one store may run into between any two of their steps: paused, late, or told by each other. */
import {
  type BlockStore,
  type Crypto,
  type HalfBlock,
  type Signer,
  type TrustchainEvent,
  virtualEnvironment,
} from '@edmp/interface';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { describe, expect, it, onTestFinished } from 'vitest';
import { StoreError } from '../src/store/errors.ts';
import type { Database, Row } from '../src/store/sqlite/database.ts';
import { others } from '../src/store/sqlite/others.ts';
import { blockOf, chainOf, crypto, signerOf } from './support/blocks.ts';
import { codeOfAsync } from './support/errors.ts';

const me = signerOf(7);
const LEASE_MS = 10_000;

/** A signer that signs when it is told to, and a wait until it was asked. */
function heldSigner() {
  const asked: (() => void)[] = [];
  let toldOf: (() => void) | undefined;
  const signer: Signer = {
    publicKey: me.publicKey,
    sign: (message) =>
      new Promise((resolve, reject) => {
        asked.push(() => void me.sign(message).then(resolve, reject));
        toldOf?.();
      }),
  };
  return {
    signer,
    wasAsked: () =>
      asked.length > 0
        ? Promise.resolve()
        : new Promise<void>((resolve) => {
            toldOf = resolve;
          }),
    sign: () => {
      for (const one of asked.splice(0)) one();
    },
  };
}

/** Lets everything run that waits for nothing but the event loop. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
};

function shared() {
  const environment = virtualEnvironment({ seed: 5 });
  const first = memoryBlockStore();
  const open = async (
    holder: string,
    signer: Signer,
    parts: { readonly changed?: (store: BlockStore) => BlockStore; readonly crypto?: Crypto } = {},
  ) => {
    const plain = memoryBlockStore({ beside: first });
    const store = parts.changed?.(plain) ?? plain;
    const chain = await createTrustchain({
      signer,
      crypto: parts.crypto ?? crypto,
      environment,
      store,
      sharing: { holder, leaseMs: LEASE_MS },
    });
    const told: unknown[] = [];
    chain.on((event: TrustchainEvent) => {
      told.push(event.type === 'block' ? event.block.core.tx : event.type);
    });
    onTestFinished(() => chain.stop());
    return { chain, store, told };
  };
  return { environment, first, open };
}

describe('a process that is paused between reserving a block and storing it', () => {
  it('has its block, once, when another process finished it meanwhile', async () => {
    const { environment, open } = shared();
    const held = heldSigner();
    const [a, b] = [await open('a', held.signer), await open('b', me)];
    const paid = a.chain.source({ type: 'test', tx: 'paid' });
    await environment.advance(1);
    await held.wasAsked();
    await environment.advance(LEASE_MS);
    const next = await b.chain.source({ type: 'test', tx: 'next' });
    await settle();
    held.sign();
    // Not an invitation to try again: it would be paid twice.
    const block = await paid;
    expect([block.core.seq, next.core.seq]).toEqual([1, 2]);
    await environment.advance(1);
    await settle();
    for (const side of [a, b]) expect(side.told).toEqual(['paid', 'next']);
    // It goes on behind what the other one signed.
    await b.chain.stop();
    const third = a.chain.source({ type: 'test', tx: 'third' });
    await environment.advance(1);
    await held.wasAsked();
    held.sign();
    expect((await third).core.prev?.equals(next.id)).toBe(true);
  });

  it('throws its block away when another one took the place', async () => {
    const { environment, open } = shared();
    const held = heldSigner();
    const [a, b] = [await open('a', held.signer), await open('b', me)];
    const wanted = codeOfAsync(a.chain.source({ type: 'test', tx: 'mine' }));
    await environment.advance(1);
    await held.wasAsked();
    const elsewhere = await blockOf(me, { tx: 'from a backup' });
    await b.chain.receive(elsewhere.bytes);
    await settle();
    held.sign();
    expect(await wanted).toBe('ERR_CHAIN_REGRESSED');
    expect(await a.store.at(me.publicKey, 1)).toHaveLength(1);
  });
});

describe('what another process stored at the moment that this one did', () => {
  /** A store whose writes of others' blocks wait for `go`. */
  const late = () => {
    const waiting: (() => void)[] = [];
    const delayed = (store: BlockStore): BlockStore => ({
      ...store,
      put: async (blocks, options) => {
        await new Promise<void>((resolve) => waiting.push(resolve));
        return store.put(blocks, options);
      },
    });
    return {
      delayed,
      go: () => {
        for (const one of waiting.splice(0)) one();
      },
      waits: () => waiting.length,
    };
  };
  const foreign = (tx: string): Promise<HalfBlock> => blockOf(signerOf(8), { tx });

  it('is told once, whoever was first, at whichever step the other one comes in', async () => {
    for (const step of ['verifying', 'storing'] as const) {
      const { environment, open } = shared();
      const { delayed, go, waits } = late();
      const verifying: (() => void)[] = [];
      const slow: Crypto = {
        ...crypto,
        ed25519VerifyMany: async (items) => {
          await new Promise<void>((resolve) => verifying.push(resolve));
          return crypto.ed25519VerifyMany(items);
        },
      };
      const a = await open('a', me, { changed: delayed, crypto: slow });
      const b = await open('b', me);
      const blocks = await chainOf(signerOf(8), 3);
      const receive = ({ chain }: typeof a) => blocks.map((block) => chain.receive(block.bytes));
      const received = receive(a);
      await environment.advance(1);
      await settle();
      expect(verifying).toHaveLength(1);
      const comesIn = async () => {
        await Promise.all(receive(b));
        await environment.advance(1);
        await settle();
      };
      if (step === 'verifying') await comesIn();
      for (const one of verifying) one();
      await settle();
      expect(waits()).toBe(1);
      if (step === 'storing') await comesIn();
      go();
      const results = await Promise.all(received);
      expect(results.map(({ level }) => level)).not.toContain('invalid');
      await environment.advance(1);
      await settle();
      const all = blocks.map(({ core }) => core.tx);
      for (const side of [a, b]) expect(side.told, step).toEqual(all);
    }
  });

  it('is told when this one could not store it', async () => {
    const { environment, open } = shared();
    let fails = true;
    const failing = (store: BlockStore): BlockStore => ({
      ...store,
      put: (blocks, options) => (fails ? Promise.reject(new Error('disk full')) : store.put(blocks, options)),
    });
    const [a, b] = [await open('a', me, { changed: failing }), await open('b', me)];
    const block = await foreign('y');
    const refused = a.chain.receive(block.bytes).catch((error: Error) => error.message);
    await environment.advance(1);
    expect(await refused).toBe('disk full');
    fails = false;
    await b.chain.receive(block.bytes);
    await environment.advance(1);
    await settle();
    for (const side of [a, b]) expect(side.told).toEqual(['y']);
  });
});

it('a clock that ran ahead for a moment keeps nobody from signing', async () => {
  const { environment, first } = shared();
  const ahead = virtualEnvironment({ seed: 6, start: environment.now() + 365 * 24 * 3_600_000 });
  const chainBy = async (holder: string, clock: typeof ahead) => {
    const chain = await createTrustchain({
      signer: me,
      crypto,
      environment: clock,
      store: memoryBlockStore({ beside: first }),
      sharing: { holder, leaseMs: LEASE_MS },
    });
    onTestFinished(() => chain.stop());
    return chain;
  };
  const wrong = await chainBy('ahead', ahead);
  await wrong.source({ type: 'test', tx: 1 });
  const right = await chainBy('right', environment);
  expect((await right.source({ type: 'test', tx: 2 })).core.seq).toBe(2);
  // Whose clock is wrong finds itself without the lease, takes it again, and forks nothing.
  await codeOfAsync(wrong.source({ type: 'test', tx: 3 }));
  const again = await wrong.source({ type: 'test', tx: 4 });
  expect(again.core.seq).toBeGreaterThan(2);
  expect(await right.isFraudulent(me.publicKey)).toBe(false);
});

it('a disk that fails while others are looked for ends nothing, and the next look finds them', async () => {
  const environment = virtualEnvironment({ seed: 7 });
  let fails = false;
  let version = 1;
  const get = (): Row => {
    if (fails) throw new StoreError('ERR_STORE_IO', 'SQLite failed: disk I/O error');
    return { data_version: version };
  };
  const database: Database = {
    prepare: () => ({ get, all: () => [], run: () => 0 }),
    exec: () => undefined,
    close: () => undefined,
  };
  let [noted, told] = [0, 0];
  const found = others(database, environment, () => {
    noted += 1;
  });
  found.listen(() => {
    told += 1;
  });
  fails = true;
  version = 2;
  await environment.advance(5_000);
  expect([noted, told]).toEqual([0, 0]);
  fails = false;
  await environment.advance(1_000);
  expect([noted, told]).toEqual([1, 1]);
  found.close();
});
