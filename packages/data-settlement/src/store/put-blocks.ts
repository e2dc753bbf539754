import {
  type AbortOptions,
  type CheckedBlock,
  CODEC_DAG_CBOR,
  CODEC_RAW,
  type ContentStore,
} from '@edmp/interface';

/** Puts in flight at once where a store takes one block after the other. */
const PUTS_AT_ONCE = 8;

/**
 * Stores blocks whose hashes were checked: together where the store can, else one by one. See `ContentStore.putMany`.
 *
 * @param blocks - The arrays belong to the store from then on.
 */
export async function putBlocks(
  store: Pick<ContentStore, 'put' | 'putMany'>,
  blocks: readonly CheckedBlock[],
  options: AbortOptions = {},
): Promise<void> {
  if (store.putMany !== undefined) {
    await store.putMany(blocks, options);
    return;
  }
  for (let i = 0; i < blocks.length; i += PUTS_AT_ONCE) {
    const puts = blocks
      .slice(i, i + PUTS_AT_ONCE)
      .map(({ cid, bytes }) =>
        store.put(cid.code === CODEC_DAG_CBOR ? CODEC_DAG_CBOR : CODEC_RAW, bytes, options),
      );
    // All of them, also when one fails: nothing is written any more when this is over.
    const failed = (await Promise.allSettled(puts)).find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}
