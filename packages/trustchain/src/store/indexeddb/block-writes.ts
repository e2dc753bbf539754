import type { BlockId, HalfBlock } from '@edmp/interface';
import { blockKey, bytesKey } from '../../block/identity.ts';
import { blockRow, digestOf, owned } from './block-rows.ts';
import type { IdbTransaction } from './idb.ts';
import { added, result } from './requests.ts';
import { AUTHORS, type AuthorRow, BLOCKS, type BlockRow, BY_ID } from './schema.ts';

/** Adds what is new, in the order given, and counts it per author. Returns how many were new. */
export async function insertBlocks(
  transaction: IdbTransaction,
  blocks: readonly HalfBlock[],
): Promise<number> {
  const distinct = new Map<string, HalfBlock>();
  for (const block of blocks) {
    const key = blockKey(block.id);
    if (!distinct.has(key)) distinct.set(key, block);
  }
  const store = transaction.objectStore(BLOCKS);
  const wanted = [...distinct.values()];
  // The unique index on ids refuses what is known: no look-up before the insert. The inner function is async so that
  // one block that cannot be cloned rejects the whole, rather than leaving the others' rejections to nobody.
  const outcomes = await Promise.all(wanted.map(async (block) => added(store.add(blockRow(block)))));

  const fresh = wanted.filter((_, index) => outcomes[index] === true);
  await count(
    transaction,
    fresh.map((block) => block.core.key),
    1,
  );
  return fresh.length;
}

/** Removes blocks by id; the key generator never gives their arrivals out again. Returns how many there were. */
export async function removeBlocks(transaction: IdbTransaction, ids: readonly BlockId[]): Promise<number> {
  const store = transaction.objectStore(BLOCKS);
  const byId = store.index(BY_ID);
  const digests = new Map(ids.map((id) => [blockKey(id), digestOf(id)]));
  const rows = await Promise.all([...digests.values()].map((digest) => result(byId.get(digest))));
  const known = (rows as (BlockRow | undefined)[]).filter((row) => row !== undefined);
  await Promise.all(known.map((row) => result(store.delete(row.arrival))));
  await count(
    transaction,
    known.map((row) => row.author),
    -1,
  );
  return known.length;
}

/** Adds `step` to the count of every author listed, once for each time it is listed; authors without blocks go. */
async function count(transaction: IdbTransaction, keys: readonly Uint8Array[], step: 1 | -1): Promise<void> {
  const changes = new Map<string, { readonly key: Uint8Array; by: number }>();
  for (const key of keys) {
    const change = changes.get(bytesKey(key)) ?? { key, by: 0 };
    change.by += step;
    changes.set(bytesKey(key), change);
  }
  const authors = transaction.objectStore(AUTHORS);
  await Promise.all(
    [...changes.values()].map(async ({ key, by }) => {
      const known = (await result(authors.get(key))) as AuthorRow | undefined;
      const blocks = (known?.blocks ?? 0) + by;
      await result(blocks > 0 ? authors.put({ key: owned(key), blocks }) : authors.delete(key));
    }),
  );
}
