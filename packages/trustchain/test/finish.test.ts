/** Blocks that a crash or a failing signer left reserved: `finish` signs them before anybody numbers a block of its own. */
import { type Signer, virtualEnvironment } from '@edmp/interface';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { describe, expect, it } from 'vitest';
import { crypto, signerOf } from './support/blocks.ts';
import { codeOfAsync } from './support/errors.ts';

const me = signerOf(7);

/** A chain whose signer fails as long as it is told to, and counts what it signed. */
async function withSigner() {
  const state = { fails: false, signed: 0 };
  const signer: Signer = {
    publicKey: me.publicKey,
    async sign(message) {
      if (state.fails) throw new Error('the signer is away');
      state.signed += 1;
      return me.sign(message);
    },
  };
  const store = memoryBlockStore();
  const open = () => createTrustchain({ signer, store, crypto, environment: virtualEnvironment() });
  return { state, store, open };
}

describe('finish', () => {
  it('signs what was reserved when the signer failed, once, before the next block is asked for', async () => {
    const { state, store, open } = await withSigner();
    const chain = await open();
    await chain.source({ type: 'test', tx: 1 });
    state.fails = true;
    expect(await codeOfAsync(chain.source({ type: 'test', tx: 'interrupted' }))).toBe('ERR_CHAIN_SIGNER');
    expect(await store.unfinished(me.publicKey)).toHaveLength(1);
    expect(await codeOfAsync(chain.finish())).toBe('ERR_CHAIN_SIGNER');
    state.fails = false;
    await chain.finish();
    await chain.finish();
    expect(await store.unfinished(me.publicKey)).toEqual([]);
    expect((await store.head(me.publicKey))?.core.tx).toBe('interrupted');
    expect(state.signed).toBe(2);
  });

  it('does so after a restart too, and tells listeners of the block', async () => {
    const { state, store, open } = await withSigner();
    const first = await open();
    state.fails = true;
    expect(await codeOfAsync(first.source({ type: 'test', tx: 'interrupted' }))).toBe('ERR_CHAIN_SIGNER');
    await first.stop();
    state.fails = false;
    const chain = await open();
    const told: unknown[] = [];
    chain.on((event) => {
      if (event.type === 'block') told.push(event.block.core.tx);
    });
    await chain.finish();
    expect(told).toEqual(['interrupted']);
    expect((await chain.source({ type: 'test', tx: 'next' })).core.seq).toBe(2);
    expect(await store.count(me.publicKey)).toBe(2);
  });

  it('has nothing to do on a sound chain, signs nothing, and refuses after a stop', async () => {
    const { state, open } = await withSigner();
    const chain = await open();
    await chain.finish();
    expect(state.signed).toBe(0);
    await chain.stop();
    expect(await codeOfAsync(chain.finish())).toBe('ERR_CHAIN_STOPPED');
  });
});
