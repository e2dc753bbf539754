import {
  type BlockStore,
  type Environment,
  type HalfBlock,
  type Signer,
  sleep,
  type TxValue,
  virtualEnvironment,
} from '@edmp/interface';
import { createTrustchain, memoryBlockStore, type TrustchainLimits } from '@edmp/trustchain';
import { constantLatency, simulatedNetworks } from '@edmp/trustchain/simulated';
import { sqliteBlockStore } from '@edmp/trustchain/sqlite';
import { describe, expect, it } from 'vitest';
import type { FraudRegister } from '../src/chain/fraud-register.ts';
import { ownHeadGuard } from '../src/chain/own-head.ts';
import { after, blockOf, chainOf, crypto, itemAt, START, signerOf } from './support/blocks.ts';
import { codeOfAsync } from './support/errors.ts';

const me = signerOf(7);
const x = signerOf(1);

interface Options {
  readonly signer?: Signer;
  readonly store?: BlockStore;
  readonly confirmations?: number;
  readonly environment?: Environment;
  readonly limits?: TrustchainLimits;
}

/** Nodes on one virtual clock and a network of `latency` ms. */
function world(latency = 5) {
  const environment = virtualEnvironment();
  const networks = simulatedNetworks({ environment, latency: constantLatency(latency) });
  return {
    environment,
    networks,
    async open(options: Options = {}) {
      const { signer = me, store = memoryBlockStore(), ...rest } = options;
      const network = networks.create({ self: signer.publicKey });
      await environment.run(network.start());
      const chain = await createTrustchain({ signer, store, crypto, network, environment, ...rest });
      return { chain, store, key: signer.publicKey };
    },
  };
}

async function alone(options: Options = {}) {
  const { signer = me, store = memoryBlockStore(), environment = virtualEnvironment() } = options;
  const chain = await createTrustchain({ signer, store, crypto, environment, limits: options.limits ?? {} });
  return { chain, store };
}

const filled = async (blocks: readonly HalfBlock[]): Promise<BlockStore> => {
  const store = memoryBlockStore();
  await store.put(blocks);
  return store;
};

describe('a restored backup does not fork its own chain', () => {
  it('when an own block comes in while the next one is signed or reserved', async () => {
    for (const make of [memoryBlockStore, () => sqliteBlockStore({ path: ':memory:' })]) {
      for (const moment of ['signing', 'reserving'] as const) {
        const five = await chainOf(me, 5);
        const six = await after(me, itemAt(five, 4), { tx: 'the real block 6', time: START + 10 });
        const inner = make();
        await inner.put(five);
        let late: (() => Promise<unknown>) | undefined;
        const arrive = async (at: typeof moment): Promise<void> => {
          const receive = late;
          if (at !== moment || receive === undefined) return;
          late = undefined;
          await receive();
        };
        const signer: Signer = {
          publicKey: me.publicKey,
          async sign(message) {
            await arrive('signing');
            return me.sign(message);
          },
        };
        const store: BlockStore = {
          ...inner,
          async reserve(...asked) {
            await arrive('reserving');
            await inner.reserve(...asked);
          },
        };
        const { chain } = await alone({ signer, store });
        late = () => chain.receive(six.bytes);
        expect(await codeOfAsync(chain.source({ type: 'test', tx: 'another block 6' }))).toBe(
          'ERR_CHAIN_REGRESSED',
        );
        expect((await store.at(me.publicKey, 6)).map(({ id }) => id.toString())).toEqual([six.id.toString()]);
        expect((await chain.source({ type: 'test', tx: 'block 7' })).core).toMatchObject({ seq: 7 });
        expect(await chain.isFraudulent(me.publicKey)).toBe(false);
        await chain.stop();
        await inner.close();
      }
    }
  });

  it('when the peer that knows more connects during a slow signature', async () => {
    const { environment, networks, open } = world();
    const five = await chainOf(me, 5);
    const six = await after(me, itemAt(five, 4), { tx: 'the real block 6', time: START + 10 });
    const ignorant = await open({ signer: signerOf(1) });
    const knower = await open({ signer: signerOf(2), store: await filled([...five, six]) });
    const slow: Signer = {
      publicKey: me.publicKey,
      async sign(message) {
        await new Promise<void>((resolve) => environment.schedule(50, resolve));
        return me.sign(message);
      },
    };
    const node = await open({ signer: slow, store: await filled(five), confirmations: 1 });
    networks.link(node.key, ignorant.key);
    await environment.advance(200);
    const asked = node.chain.source({ type: 'test', tx: 'new' });
    networks.link(node.key, knower.key);
    const code = await environment.run(codeOfAsync(asked));
    expect(code).toBe('ERR_CHAIN_REGRESSED');
    const next = await environment.run(node.chain.source({ type: 'test', tx: 'new' }));
    expect(next.core.seq).toBe(7);
    await environment.advance(2_000);
    expect(await knower.chain.isFraudulent(node.key)).toBe(false);
  });

  it('when the own clock is behind the blocks that peers know', async () => {
    const { environment, networks, open } = world();
    const now = environment.now();
    const five = await chainOf(me, 5, (n) => ({ tx: n, time: now - 7_200_000 + n }));
    const six = await after(me, itemAt(five, 4), { tx: 'the real block 6', time: now });
    const knower = await open({ signer: signerOf(2), store: await filled([...five, six]) });
    const behind: Environment = { ...environment, now: () => environment.now() - 3_600_000 };
    const node = await open({ store: await filled(five), environment: behind, confirmations: 1 });
    networks.link(node.key, knower.key);
    await environment.advance(1_000);
    const next = await environment.run(node.chain.source({ type: 'test', tx: 'new' }));
    expect(next.core.seq).toBe(7);
    expect(next.core.time).toBeGreaterThanOrEqual(now);
    await environment.advance(5_000);
    expect(await knower.chain.isFraudulent(node.key)).toBe(false);
  });

  it('when the peer that knows more is slower than the wait for one answer', async () => {
    for (const confirmations of [0, 1]) {
      const { environment, networks, open } = world(300);
      const whole = await chainOf(me, 200, (seq) => ({ tx: new Uint8Array(60_000).fill(seq) }));
      const knower = await open({ signer: signerOf(2), store: await filled(whole) });
      const node = await open({ store: await filled(whole.slice(0, 10)), confirmations });
      const ignorant = await open({ signer: signerOf(3) });
      networks.link(node.key, knower.key);
      networks.link(node.key, ignorant.key);
      const next = await environment.run(node.chain.source({ type: 'test', tx: 'new' }));
      expect(next.core.seq).toBe(201);
      await environment.advance(60_000);
      expect((await knower.store.proofs(node.key)).length).toBe(0);
    }
  });

  it('when the peer that knows more goes away half way, until the rest was fetched', async () => {
    const { environment, networks, open } = world(300);
    const whole = await chainOf(me, 400, (seq) => ({ tx: new Uint8Array(60_000).fill(seq) }));
    const knower = await open({ signer: signerOf(2), store: await filled(whole) });
    const node = await open({ store: await filled(whole.slice(0, 10)) });
    networks.link(node.key, knower.key);
    const before = await node.store.count();
    while ((await node.store.count()) === before) await environment.advance(500);
    networks.cut(node.key, knower.key);
    await environment.advance(60_000);
    expect(await node.store.count()).toBeLessThan(400);
    const code = await environment.run(codeOfAsync(node.chain.source({ type: 'test', tx: 'new' })));
    expect(code).toBe('ERR_CHAIN_REGRESSED');
    networks.heal();
    networks.link(node.key, knower.key);
    await environment.advance(120_000);
    await environment.run(node.chain.sync(knower.key, node.key));
    const next = await environment.run(node.chain.source({ type: 'test', tx: 'new' }));
    expect(next.core.seq).toBe(401);
  });

  it('because one peer connected as often as there must be confirmations', async () => {
    const { environment, networks, open } = world();
    const node = await open({ confirmations: 2 });
    const stranger = await open({ signer: signerOf(3) });
    for (let n = 0; n < 3; n++) {
      networks.link(node.key, stranger.key);
      await environment.advance(1_000);
      networks.cut(node.key, stranger.key);
      networks.heal();
      await environment.advance(100);
    }
    const code = await environment.run(codeOfAsync(node.chain.source({ type: 'test', tx: 1 })));
    expect(code).toBe('ERR_CHAIN_UNCONFIRMED');
  });
});

describe('what is asked for is what is signed', () => {
  it('whatever the caller does to its objects meanwhile', async () => {
    const { chain } = await alone();
    const tx: { [key: string]: TxValue } = { amount: 1, bytes: new Uint8Array(4) };
    const peer = x.publicKey.slice() as typeof x.publicKey;
    const proposed = chain.propose({ peer, type: 'test', tx });
    tx.amount = 1_000_000;
    (tx.bytes as Uint8Array).fill(9);
    peer.fill(0);
    const { core } = await proposed;
    expect(core.tx).toEqual({ amount: 1, bytes: new Uint8Array(4) });
    expect(core.peer).toEqual(x.publicKey);
  });

  it('and nonsense is refused with a typed error', async () => {
    const { chain } = await alone();
    const nothing = undefined as never;
    const codes = [
      codeOfAsync(chain.propose({ peer: nothing, type: 'test', tx: 1 })),
      codeOfAsync(chain.propose({ peer: x.publicKey, type: 'test', tx: nothing })),
      codeOfAsync(chain.agree(nothing)),
      codeOfAsync(chain.refuse('bafy' as never, 'no')),
      codeOfAsync(chain.withdraw({} as never, 'no')),
      codeOfAsync(chain.pair(nothing)),
      codeOfAsync(chain.isFraudulent(nothing)),
      codeOfAsync(chain.receive(nothing)),
    ];
    expect(await Promise.all(codes)).toEqual([
      'ERR_INVALID_ARGUMENT',
      'ERR_BLOCK_VALUE',
      'ERR_INVALID_ARGUMENT',
      'ERR_INVALID_ARGUMENT',
      'ERR_INVALID_ARGUMENT',
      'ERR_INVALID_ARGUMENT',
      'ERR_INVALID_ARGUMENT',
      'ERR_BLOCK_ENCODING',
    ]);
    for (const rule of [undefined, null, 5]) {
      expect(() => chain.registerType('other', rule as never)).toThrow('must be an object');
    }
  });
});

describe('the other side’s answer is respected', () => {
  it('a proposal that was agreed to is not withdrawn', async () => {
    const environment = virtualEnvironment();
    const { chain } = await alone({ environment });
    const deadline = environment.now() + 1_000;
    const proposal = await chain.propose({ peer: x.publicKey, type: 'test', tx: { deadline } });
    const yes = await blockOf(x, {
      peer: me.publicKey,
      link: proposal.id,
      tx: { deadline },
      time: environment.now() + 1,
    });
    await chain.receive(yes.bytes);
    await environment.advance(2_000);
    expect(await codeOfAsync(chain.withdraw(proposal.id, 'late'))).toBe('ERR_PAIR_ANSWERED');
    expect((await chain.pair(proposal.id)).state).toBe('agreed');
    expect(await codeOfAsync(chain.pair(yes.id))).toBe('ERR_PAIR_NOT_PROPOSAL');
  });

  it('a proposal that was withdrawn is not agreed to, though the own clock is behind', async () => {
    const environment = virtualEnvironment();
    const { chain } = await alone({ environment });
    const deadline = environment.now() + 30_000;
    const proposal = await blockOf(x, { peer: me.publicKey, tx: { deadline }, time: environment.now() });
    const withdrawal = await after(x, proposal, {
      peer: me.publicKey,
      link: proposal.id,
      type: 'tc/withdraw',
      tx: { reason: '' },
      time: deadline + 1,
    });
    await chain.receive(proposal.bytes);
    await chain.receive(withdrawal.bytes);
    expect(await codeOfAsync(chain.agree(proposal.id))).toBe('ERR_PAIR_ANSWERED');
    expect((await chain.pair(proposal.id)).state).toBe('withdrawn');
  });

  it('an author that answers its own source block has agreed to nothing', async () => {
    const { chain } = await alone();
    const source = await blockOf(x, { tx: { a: 1 } });
    const answer = await after(x, source, { peer: x.publicKey, link: source.id, tx: { a: 1 } });
    await chain.receive(source.bytes);
    expect((await chain.receive(answer.bytes)).level).toBe('invalid');
    expect((await chain.pair(source.id)).state).toBe('pending');
  });

  it('only agreements are counted as agreements', async () => {
    const { chain } = await alone();
    const tx = { deadline: START - 10 };
    const source = await blockOf(x, { tx, time: START - 50 });
    const withdrawal = await after(x, source, {
      peer: null,
      link: source.id,
      type: 'tc/withdraw',
      tx: {},
      time: START - 5,
    });
    const yes = await blockOf(signerOf(2), {
      peer: x.publicKey,
      link: source.id,
      tx,
      time: START - 20,
    });
    for (const block of [source, withdrawal, yes]) await chain.receive(block.bytes);
    expect((await chain.pair(source.id)).reason).toContain('1 agreement(s)');
  });
});

describe('waits end', () => {
  const hanging: Signer = { publicKey: me.publicKey, sign: () => new Promise(() => {}) };

  it('at once when the caller aborts, also behind a signer that hangs', async () => {
    const environment = virtualEnvironment();
    const { chain } = await alone({ signer: hanging, environment });
    const first = codeOfAsync(chain.source({ type: 'test', tx: 1 }));
    const controller = new AbortController();
    const second = codeOfAsync(chain.source({ type: 'test', tx: 2 }, { signal: controller.signal }));
    const received = chain.receive((await blockOf(x, { tx: 1 })).bytes, { signal: controller.signal });
    controller.abort();
    expect(await second).toBe('ERR_ABORTED');
    expect(await codeOfAsync(received)).toBe('ERR_ABORTED');
    const block = await blockOf(x, { tx: 2 });
    expect(await codeOfAsync(chain.receive(block.bytes, { signal: AbortSignal.abort() }))).toBe(
      'ERR_ABORTED',
    );
    const stopped = chain.stop();
    await environment.advance(60_000);
    await stopped;
    expect(await first).toBe('ERR_CHAIN_SIGNER');
  });

  it('at once when the caller aborts while a silent peer is asked for the own head', async () => {
    const { environment, networks, open } = world();
    const silent = networks.create({ self: x.publicKey });
    await environment.run(silent.start());
    const node = await open();
    networks.link(node.key, x.publicKey);
    await environment.advance(0);
    const controller = new AbortController();
    const asked = codeOfAsync(node.chain.source({ type: 'test', tx: 1 }, { signal: controller.signal }));
    controller.abort();
    const start = environment.now();
    expect(await environment.run(asked)).toBe('ERR_ABORTED');
    expect(environment.now()).toBe(start);
  });

  it('a signer that hung signs what was reserved before anything else', async () => {
    const environment = virtualEnvironment();
    let hangs = true;
    const moody: Signer = {
      publicKey: me.publicKey,
      sign: (message) => (hangs ? new Promise(() => {}) : me.sign(message)),
    };
    const { chain, store } = await alone({ signer: moody, environment });
    const first = codeOfAsync(chain.source({ type: 'test', tx: 'first' }));
    await environment.advance(60_000);
    expect(await first).toBe('ERR_CHAIN_SIGNER');
    hangs = false;
    expect((await chain.source({ type: 'test', tx: 'second' })).core.seq).toBe(2);
    expect((await store.at(me.publicKey, 1))[0]?.core.tx).toBe('first');
  });

  it('a second stop waits for what the first one waits for', async () => {
    const environment = virtualEnvironment();
    const inner = memoryBlockStore();
    const store: BlockStore = {
      ...inner,
      async reserve(...asked) {
        await new Promise<void>((resolve) => environment.schedule(50, resolve));
        await inner.reserve(...asked);
      },
    };
    const { chain } = await alone({ store, environment });
    const made = codeOfAsync(chain.source({ type: 'test', tx: 1 }));
    await environment.advance(1);
    void chain.stop();
    await environment.run(chain.stop());
    await inner.close();
    expect(await made).toBe('no error');
  });
});

describe('a signature that waits for peers', () => {
  it('waits half a minute for one that brings a block a turn, and is told why it cannot be made', async () => {
    const environment = virtualEnvironment();
    let turns = 0;
    const guard = ownHeadGuard({
      self: me.publicKey,
      store: memoryBlockStore(),
      frauds: { has: async () => false, peek: () => false } as unknown as FraudRegister,
      environment,
      confirmations: 0,
      learn: async () => {
        await sleep(environment, 4_000);
        turns += 1;
        guard.suspect();
        throw new Error('it stalls');
      },
    });
    guard.ask(x.publicKey);
    const waiting = codeOfAsync(Promise.resolve(guard.ready()));
    await environment.advance(30_000);
    expect(await waiting).toBe('ERR_CHAIN_REGRESSED');
    expect(turns).toBe(7);
    // It goes on asking, and says so at once to whoever comes when all is known.
    await environment.advance(30_000);
    expect(turns).toBeGreaterThan(12);
  });
});
