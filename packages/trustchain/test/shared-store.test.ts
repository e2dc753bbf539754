/** T8: a store that several processes of one operator open. One of them signs at a time, and all see what each stores. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BlockStore,
  isEdmpError,
  type Signer,
  seededRandom,
  type TrustchainEvent,
  virtualEnvironment,
} from '@edmp/interface';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { sqliteBlockStore } from '@edmp/trustchain/sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bounds } from '../../../scripts/lib/bounds.ts';
import { crypto, signerOf } from './support/blocks.ts';
import { codeOfAsync } from './support/errors.ts';

const me = signerOf(7);
const LEASE_MS = 10_000;

const folderOf = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'edmp-shared-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** Openers of one store, by kind; each is closed with the test. */
const KINDS: Readonly<Record<string, () => () => BlockStore>> = {
  memory: () => {
    const first = memoryBlockStore();
    return () => memoryBlockStore({ beside: first });
  },
  sqlite: () => {
    const path = join(folderOf(), 'blocks.sqlite');
    return () => sqliteBlockStore({ path });
  },
};

/** Processes of one operator over one store and one clock. */
function processes(kind: string, signer: Signer = me) {
  const environment = virtualEnvironment({ seed: 4 });
  const another = KINDS[kind]?.();
  if (another === undefined) throw new Error(`no store called ${kind}`);
  const open = async (holder: string) => {
    const store = another();
    const chain = await createTrustchain({
      signer,
      crypto,
      environment,
      store,
      sharing: { holder, leaseMs: LEASE_MS },
    });
    const events: TrustchainEvent[] = [];
    chain.on((event) => events.push(event));
    onTestFinished(async () => {
      await chain.stop();
      await store.close();
    });
    return { chain, store, events };
  };
  return { environment, open };
}

const seqsOf = async (store: BlockStore): Promise<readonly number[]> =>
  (await store.range(me.publicKey, 1, 1_000_000, 10_000)).map(({ core }) => core.seq);

/** Waits for what travels between openers on a real clock. */
async function until(what: string, reached: () => boolean): Promise<void> {
  for (let waited = 0; waited < 30_000; waited += 20) {
    if (reached()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`not so: ${what}`);
}

describe.each(Object.keys(KINDS))('two processes over one %s store', (kind) => {
  it('sign one at a time; the other one takes over when the lease has ended', async () => {
    const { environment, open } = processes(kind);
    const [a, b] = [await open('a'), await open('b')];
    const first = await a.chain.source({ type: 'test', tx: 1 });
    expect(await codeOfAsync(b.chain.source({ type: 'test', tx: 'no' }))).toBe('ERR_CHAIN_LEASED');
    await environment.advance(LEASE_MS);
    const second = await b.chain.source({ type: 'test', tx: 2 });
    expect(second.core.prev?.equals(first.id)).toBe(true);
    expect(await codeOfAsync(a.chain.source({ type: 'test', tx: 'no' }))).toBe('ERR_CHAIN_LEASED');
    await b.chain.stop();
    // It gave its lease back, and what it signed is what the next block follows.
    const third = await a.chain.source({ type: 'test', tx: 3 });
    expect(third.core.prev?.equals(second.id)).toBe(true);
    expect(await seqsOf(a.store)).toEqual([1, 2, 3]);
    expect(await a.chain.isFraudulent(me.publicKey)).toBe(false);
  });

  it('tell each their listeners of what either stores, once', async () => {
    const { open } = processes(kind);
    const [a, b] = [await open('a'), await open('b')];
    const own = await a.chain.source({ type: 'test', tx: 'by a' });
    const theirs = await createTrustchain({
      signer: signerOf(8),
      crypto,
      environment: virtualEnvironment(),
      store: memoryBlockStore(),
    });
    const foreign = await theirs.source({ type: 'test', tx: 'by a stranger' });
    await b.chain.receive(foreign.bytes);
    const told = ({ events }: { readonly events: readonly TrustchainEvent[] }): readonly unknown[] =>
      events.flatMap((event) => (event.type === 'block' ? [[event.block.core.tx, event.own]] : []));
    await until('each is told of both', () => told(a).length >= 2 && told(b).length >= 2);
    // Nothing comes a second time.
    await a.chain.source({ type: 'test', tx: 'again by a' });
    await until('and of the third', () => told(b).length >= 3);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const all = [
      ['by a', true],
      ['by a stranger', false],
      ['again by a', true],
    ];
    for (const side of [a, b]) expect([...told(side)].sort()).toEqual([...all].sort());
    expect(own.core.seq).toBe(1);
  });

  it('find a fork of which each was shown one branch', async () => {
    const { open } = processes(kind);
    const [a, b] = [await open('a'), await open('b')];
    const cheat = signerOf(9);
    const branch = async (tx: string) => {
      const liar = await createTrustchain({
        signer: cheat,
        crypto,
        environment: virtualEnvironment(),
        store: memoryBlockStore(),
      });
      return liar.source({ type: 'test', tx });
    };
    const [left, right] = [await branch('left'), await branch('right')];
    // Asked before: what was known of the cheat then is not what is known later.
    expect(await a.chain.isFraudulent(cheat.publicKey)).toBe(false);
    expect(await b.chain.isFraudulent(cheat.publicKey)).toBe(false);
    await Promise.all([a.chain.receive(left.bytes), b.chain.receive(right.bytes)]);
    const hasFraud = ({ events }: { readonly events: readonly TrustchainEvent[] }): boolean =>
      events.some(({ type }) => type === 'fraud');
    await until('somebody tells of the fraud', () => hasFraud(a) || hasFraud(b));
    expect(await a.chain.isFraudulent(cheat.publicKey)).toBe(true);
    expect(await b.chain.isFraudulent(cheat.publicKey)).toBe(true);
    expect(await a.store.proofs(cheat.publicKey)).toHaveLength(1);
  });

  it('what one reserved and did not live to sign, the next one signs', async () => {
    const state = { fails: true };
    const signer: Signer = {
      publicKey: me.publicKey,
      sign: (message) => (state.fails ? Promise.reject(new Error('killed')) : me.sign(message)),
    };
    const { environment, open } = processes(kind, signer);
    const [a, b] = [await open('a'), await open('b')];
    expect(await codeOfAsync(a.chain.source({ type: 'test', tx: 'reserved' }))).toBe('ERR_CHAIN_SIGNER');
    state.fails = false;
    await environment.advance(LEASE_MS);
    await b.chain.source({ type: 'test', tx: 'next' });
    expect((await b.store.range(me.publicKey, 1, 9, 9)).map(({ core }) => core.tx)).toEqual([
      'reserved',
      'next',
    ]);
  });

  it('never sign two blocks at one position, whoever is paused and whatever their clocks say', async () => {
    const random = seededRandom(kind.length);
    const { environment, open } = processes(kind);
    const sides = [await open('a'), await open('b'), await open('c')];
    let signed = 0;
    for (let turn = 0; turn < 40; turn++) {
      const wanted = Promise.allSettled(
        sides.flatMap(({ chain }, i) =>
          Array.from({ length: random.below(4) }, (_, n) => chain.source({ type: 'test', tx: [turn, i, n] })),
        ),
      );
      if (random.below(3) === 0) await environment.advance(random.below(2 * LEASE_MS));
      for (const outcome of await wanted) {
        if (outcome.status === 'fulfilled') signed += 1;
        else if (!isEdmpError(outcome.reason) || !outcome.reason.retryable) {
          expect(['ERR_STORE_FENCED', 'ERR_STORE_RESERVED']).toContain(
            isEdmpError(outcome.reason) ? outcome.reason.code : outcome.reason,
          );
        }
      }
    }
    const [a] = sides;
    const seqs = a === undefined ? [] : await seqsOf(a.store);
    expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, i) => i + 1));
    expect(signed).toBeGreaterThan(40);
    for (const { chain } of sides) expect(await chain.isFraudulent(me.publicKey)).toBe(false);
  });
});

it('two processes sign into one file, one of them is killed, and the chain has no fork', {
  timeout: bounds.journey,
}, async () => {
  const path = join(folderOf(), 'blocks.sqlite');
  const child = new URL('support/shared-child.ts', import.meta.url).pathname;
  const start = (holder: string, count: number) => {
    const process_ = spawn(
      process.execPath,
      ['--conditions=edmp-source', child, path, holder, String(count)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let text = '';
    process_.stdout.on('data', (data: Buffer) => {
      text += data.toString();
    });
    const ended = new Promise<number | null>((resolve) => process_.on('close', resolve));
    return { kill: () => process_.kill('SIGKILL'), ended, text: () => text };
  };
  const [a, b] = [start('a', 40), start('b', 1_000)];
  await until('b has signed', () => b.text().split('\n').length > 12);
  b.kill();
  await b.ended;
  expect(await a.ended).toBe(0);
  const store = sqliteBlockStore({ path });
  onTestFinished(() => store.close());
  const blocks = await store.range(me.publicKey, 1, 1_000_000, 10_000);
  const byHolder = (holder: string): number =>
    blocks.filter(({ core }) => String(core.tx).startsWith(`${holder} `)).length;
  expect(blocks.map(({ core }) => core.seq)).toEqual(blocks.map((_, i) => i + 1));
  expect(byHolder('a')).toBe(40);
  expect(byHolder('b')).toBeGreaterThanOrEqual(10);
  expect(await store.proofs(me.publicKey)).toEqual([]);
  // The one that lived was told of every block, also of those that the other one signed.
  const seen = Number(/seen (\d+)/.exec(a.text())?.[1]);
  expect(seen).toBeGreaterThanOrEqual(40);
  expect(seen).toBeLessThanOrEqual(blocks.length);
});
