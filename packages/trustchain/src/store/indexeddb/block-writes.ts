import type { HalfBlock, PublicKey } from '@edmp/interface';
import { blockKey, bytesKey } from '../../block/identity.ts';
import { blockRow, owned } from './block-rows.ts';
import type { IdbTransaction } from './idb.ts';
import { added, result } from './requests.ts';
import { AUTHORS, type AuthorRow, BLOCKS } from './schema.ts';

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
  // The unique index on ids refuses what is known: no look-up before the insert.
  const outcomes = await Promise.all(wanted.map((block) => added(store.add(blockRow(block)))));

  const counts = new Map<string, { readonly key: PublicKey; blocks: number }>();
  let total = 0;
  for (const [index, { core }] of wanted.entries()) {
    if (outcomes[index] !== true) continue;
    const id = bytesKey(core.key);
    const count = counts.get(id) ?? { key: core.key, blocks: 0 };
    count.blocks += 1;
    counts.set(id, count);
    total += 1;
  }
  const authors = transaction.objectStore(AUTHORS);
  await Promise.all(
    [...counts.values()].map(async (count) => {
      const key = owned(count.key);
      const known = (await result(authors.get(key))) as AuthorRow | undefined;
      await result(authors.put({ key, blocks: (known?.blocks ?? 0) + count.blocks }));
    }),
  );
  return total;
}
