import { type KeyValueStore, memoryKeyValueStore } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { author } from '../support/money.ts';
import { currencyOf, notaryWorld, quickCrypto, spendRequest } from '../support/notary-world.ts';

/** A store whose writes, and reads of one key, wait for a gate while it is shut. */
class GatedStore {
  readonly store: KeyValueStore;
  readonly #gates = new Map<string, { readonly wait: Promise<void>; readonly open: () => void }>();

  constructor(inner: KeyValueStore) {
    const pass = (name: string): Promise<void> => this.#gates.get(name)?.wait ?? Promise.resolve();
    this.store = {
      ...inner,
      get: async (key) => {
        const value = await inner.get(key);
        if (key.includes('/n/')) await pass('read');
        return value;
      },
      set: (key, value) => inner.set(key, value),
      delete: (key) => inner.delete(key),
      range: (prefix, options) => inner.range(prefix, options),
      setMany: async (changes) => {
        await pass('write');
        await inner.setMany(changes);
        if (this.failWrites) throw new Error('the disk says no, and has written');
      },
    };
  }

  failWrites = false;

  shut(name: 'read' | 'write'): void {
    let open = (): void => undefined;
    const wait = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.#gates.set(name, { wait, open });
  }

  open(name: 'read' | 'write'): void {
    this.#gates.get(name)?.open();
    this.#gates.delete(name);
  }
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await Promise.resolve();
};

async function bank() {
  const world = await notaryWorld({ crypto: quickCrypto });
  const gated = new GatedStore(memoryKeyValueStore());
  const node = await world.notary({ store: gated.store });
  const issuer = author('issuer', quickCrypto);
  const sun = await currencyOf(issuer, [node.key]);
  const bob = author('bob', quickCrypto).key;
  const first = await issuer.transfer(sun, bob, 1n);
  const opening = spendRequest(node.key, [first], { currency: sun.block.bytes });
  expect((await node.ask(opening)).kind).toBe('share');
  const other = issuer.fork();
  const second = await issuer.transfer(sun, bob, 5n);
  const contradiction = await other.transfer(sun, bob, 7n);
  const question = { kind: 'account', key: node.key, currency: sun.block.id, account: issuer.key } as const;
  return { node, gated, second, contradiction, question };
}

describe('a question about an account while its next block is being written', () => {
  it('makes the notary forget nothing: it signs one block for each number', async () => {
    const { node, gated, second, contradiction, question } = await bank();
    gated.shut('write');
    const spending = node.ask(spendRequest(node.key, [second]));
    await turns();
    gated.shut('read');
    const asking = node.ask(question);
    await turns();
    gated.open('write');
    expect((await spending).kind).toBe('share');
    gated.open('read');
    await asking;
    expect(await node.ask(spendRequest(node.key, [contradiction]))).toMatchObject({
      kind: 'refused',
      code: 'ERR_MONEY_FORK',
    });
  });

  it('nor when the write fails after it took effect', async () => {
    const { node, gated, second, contradiction, question } = await bank();
    gated.shut('write');
    gated.failWrites = true;
    const spending = node.ask(spendRequest(node.key, [second])).catch((error: unknown) => error);
    await turns();
    await node.ask(question);
    gated.open('write');
    expect(await spending).toBeInstanceOf(Error);
    gated.failWrites = false;
    expect(await node.ask(spendRequest(node.key, [contradiction]))).toMatchObject({
      kind: 'refused',
      code: 'ERR_MONEY_FORK',
    });
  });
});
