/** Nobody has to ask a suspect about itself: others are asked for its blocks by type, and for answers to them. */

import { equalBytes, type HalfBlock, type Network, sleep, type TypeRule } from '@edmp/interface';
import { SYNC_PROTOCOL } from '@edmp/trustchain/protocol';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeBlocks } from '../src/protocol/messages.ts';
import {
  decodeQuery,
  decodeQueryPage,
  encodeQuery,
  encodeQueryPage,
  MAX_QUERY_BYTES,
  QUERY_PROTOCOL,
} from '../src/protocol/query/query-messages.ts';
import { decodeSyncRequest } from '../src/protocol/sync/sync-messages.ts';
import { after, agreementTo, blockOf, chainOf, itemAt, signerOf } from './support/blocks.ts';
import { codeOf, codeOfAsync } from './support/errors.ts';
import { type Town, town } from './support/town.ts';

let current: Town | undefined;
afterEach(async () => {
  await current?.stop();
  current = undefined;
});

const mallory = signerOf(99);
const carol = signerOf(98);
const paying: TypeRule = {
  slot: ({ core }) => {
    const { n } = (core.tx ?? {}) as { readonly n?: unknown };
    return typeof n === 'number' ? `spend/sun/${n}` : undefined;
  },
};
const open = async (size: number): Promise<Town> => {
  current = await town({ size, rules: { pay: paying } });
  return current;
};

/** A suspect in the network: shows `chain` to whoever syncs, and counts what it is asked. */
async function suspect(place: Town, chain: readonly HalfBlock[] | 'silent') {
  const network: Network = place.networks.create({ self: mallory.publicKey });
  await place.run(network.start());
  const asked: string[] = [];
  network.handle(QUERY_PROTOCOL, async function* () {
    asked.push('query');
    yield encodeQueryPage({ blocks: [], next: 0, more: false });
  });
  network.handle(SYNC_PROTOCOL, async function* ({ body, signal }) {
    const { ranges, author } = decodeSyncRequest(body);
    if (!equalBytes(author, mallory.publicKey)) return;
    asked.push('sync');
    if (chain === 'silent') {
      await sleep(place.environment, 600_000, { signal });
      return;
    }
    const shown = chain.filter(({ core }) => ranges.some(([from, to]) => core.seq >= from && core.seq <= to));
    if (shown.length > 0) yield encodeBlocks(shown);
  });
  for (const { network: other } of place.nodes) place.networks.link(mallory.publicKey, other.self);
  await place.pass(200);
  return asked;
}

describe('a history, while others know of another branch', () => {
  it('is refused: the second payment with one number comes from them, though the author shows a sound chain', async () => {
    const place = await open(3);
    const shown = await chainOf(mallory, 5, (seq) => ({ type: 'pay', tx: { n: seq } }));
    const hidden = await after(mallory, itemAt(shown, 4), { type: 'pay', tx: { n: 3, hidden: true } });
    const [victim, witness] = [place.at(0), place.at(1)];
    // Only in its store: as if it had come before the others were connected.
    await witness.store.put([hidden]);
    const asked = await suspect(place, shown);
    await victim.store.put([itemAt(shown, 4)]);
    const error = place.run(victim.chain.history(mallory.publicKey, { upTo: itemAt(shown, 4).id }));
    await expect(error).rejects.toMatchObject({ code: 'ERR_CHAIN_HISTORY', details: { reason: 'fork' } });
    expect(await victim.chain.isFraudulent(mallory.publicKey)).toBe(true);
    expect(asked).toContain('sync');
    expect(asked).not.toContain('query');
  });

  it('comes from others while the author is connected and silent', async () => {
    const place = await open(3);
    const chain = await chainOf(mallory, 5, (seq) => ({ type: 'pay', tx: { n: seq } }));
    await place.at(1).store.put(chain);
    await suspect(place, 'silent');
    await place.at(0).store.put([itemAt(chain, 4)]);
    const found = await place.run(
      place.at(0).chain.history(mallory.publicKey, { upTo: itemAt(chain, 4).id }),
    );
    expect(found).toMatchObject({ from: 1, to: 5 });
  });

  it('comes from others where the author leaves blocks out', async () => {
    const place = await open(3);
    const chain = await chainOf(mallory, 5);
    await place.at(2).store.put(chain);
    await suspect(place, [itemAt(chain, 0), itemAt(chain, 4)]);
    await place.at(0).store.put([itemAt(chain, 4)]);
    const found = await place.run(place.at(0).chain.history(mallory.publicKey, { upTo: 5 }));
    expect(found).toMatchObject({ from: 1, to: 5 });
  });
});

describe('consult', () => {
  it('brings in what others have by type and by link, once, and never asks the author', async () => {
    const place = await open(3);
    const blocks = await chainOf(mallory, 6, (seq) => ({
      type: seq % 2 === 0 ? 'pay' : 'note',
      tx: { n: seq },
    }));
    const answer = await agreementTo(carol, itemAt(blocks, 1));
    const unrelated = await blockOf(carol, { type: 'note', seq: 2, prev: answer.id });
    await place.at(1).store.put([...blocks, answer, unrelated]);
    const asked = await suspect(place, []);
    const { chain, store } = place.at(0);
    const known = await store.count();
    const types = ['pay'];
    expect(await place.run(chain.consult!({ author: mallory.publicKey, types }))).toBe(3);
    const links = [itemAt(blocks, 1).id];
    expect(await place.run(chain.consult!({ author: mallory.publicKey, links }))).toBe(1);
    expect(await store.has(answer.id)).toBe(true);
    expect(await store.has(unrelated.id)).toBe(false);
    expect(await store.count()).toBe(known + 4);
    expect(await place.run(chain.consult!({ author: mallory.publicKey, types, links }))).toBe(0);
    expect(asked).not.toContain('query');
  });

  it('passes over who is silent, who lies, and who sends without end', async () => {
    const place = await open(2);
    const blocks = await chainOf(mallory, 3, (seq) => ({ type: 'pay', tx: { n: seq } }));
    await place.at(1).store.put(blocks);
    const other = await blockOf(carol, { type: 'pay' });
    const liars: readonly ((signal: AbortSignal) => AsyncGenerator<Uint8Array>)[] = [
      async function* (signal) {
        await sleep(place.environment, 600_000, { signal });
        yield encodeQueryPage({ blocks: [], next: 0, more: false });
      },
      async function* () {
        yield encodeQueryPage({ blocks: [other.bytes], next: 1, more: false });
      },
      async function* () {
        yield encodeQueryPage({ blocks: [], next: 0, more: true });
      },
    ];
    let calls = 0;
    for (const [n, answer] of liars.entries()) {
      const network = place.networks.create({ self: signerOf(500 + n).publicKey });
      await place.run(network.start());
      network.handle(QUERY_PROTOCOL, async function* ({ signal }) {
        calls += 1;
        yield* answer(signal);
      });
      place.networks.link(network.self, place.at(0).network.self);
    }
    await place.pass(200);
    const { chain, store } = place.at(0);
    expect(await place.run(chain.consult!({ author: mallory.publicKey, types: ['pay'] }))).toBe(3);
    expect(await store.has(other.id)).toBe(false);
    expect(calls).toBe(3);
  });

  it('takes no more than a thousand blocks at once, and goes on from there', async () => {
    const place = await open(2);
    const blocks = await chainOf(mallory, 1_300, () => ({ type: 'pay' }));
    await place.at(1).store.put(blocks);
    const { chain } = place.at(0);
    const question = { author: mallory.publicKey, types: ['pay'] };
    expect(await place.run(chain.consult!(question))).toBe(1_024);
    expect(await place.run(chain.consult!(question))).toBe(276);
    expect(await place.run(chain.consult!(question))).toBe(0);
  });

  it('ends when it is called off', async () => {
    const place = await open(2);
    const signal = AbortSignal.abort();
    const { chain } = place.at(0);
    expect(await codeOfAsync(chain.consult!({ author: mallory.publicKey }, { signal }))).toBe('ERR_ABORTED');
  });
});

describe('the messages of a question', () => {
  it('come back as they were', async () => {
    const { id } = await blockOf(mallory);
    for (const want of [{ type: 'market/trade' }, { link: id }]) {
      const query = { author: mallory.publicKey, want, after: 7 };
      const bytes = encodeQuery(query);
      expect(bytes.length).toBeLessThanOrEqual(MAX_QUERY_BYTES);
      expect(encodeQuery(decodeQuery(bytes))).toEqual(bytes);
    }
    const page = { blocks: [id.bytes], next: 9, more: true };
    expect(decodeQueryPage(encodeQueryPage(page))).toEqual(page);
  });

  it('are refused with a typed error whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const decode of [decodeQuery, decodeQueryPage]) {
          const code = codeOf(() => decode(bytes));
          expect(['no error', 'ERR_CHAIN_PROTOCOL']).toContain(code);
        }
      }),
    );
    const many = encodeQueryPage({
      blocks: Array.from({ length: 257 }, () => new Uint8Array(1)),
      next: 1,
      more: false,
    });
    expect(codeOf(() => decodeQueryPage(many))).toBe('ERR_CHAIN_PROTOCOL');
  });
});
