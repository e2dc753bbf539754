import { type ArrivedBlock, type BlockStore, equalBytes, type RequestHandler } from '@edmp/interface';
import { ChainError } from '../../chain/errors.ts';
import { FRAME_TARGET_BYTES, MAX_FRAME_BLOCKS } from '../messages.ts';
import { blocksPrice, REQUEST_PRICE } from '../prices.ts';
import type { Quota } from '../quota.ts';
import { type BlockQuery, decodeQuery, encodeQueryPage } from './query-messages.ts';

async function found(
  store: BlockStore,
  { author, want, after }: BlockQuery,
): Promise<readonly ArrivedBlock[]> {
  if ('type' in want) return store.byType(want.type, { author, after, limit: MAX_FRAME_BLOCKS });
  // Whose block it is that is answered is part of the question: nobody can go through answers by guessing links.
  const block = await store.get(want.link);
  if (block === undefined || !equalBytes(block.core.key, author)) return [];
  return store.answers(want.link, { after, limit: MAX_FRAME_BLOCKS });
}

/** Serves `QUERY_PROTOCOL`: one page a request, paid for like what is fetched by sync. */
export function queryHandler(store: BlockStore, quota: Quota): RequestHandler {
  return async function* ({ from: peer, body }) {
    if (!quota.take(peer, REQUEST_PRICE)) {
      throw new ChainError(
        'ERR_CHAIN_BUSY',
        'This peer asks for more blocks than its quota allows; try later',
        {
          retryable: true,
        },
      );
    }
    const query = decodeQuery(body);
    const arrived = await found(store, query);
    const page: ArrivedBlock[] = [];
    let bytes = 0;
    for (const each of arrived) {
      bytes += each.block.bytes.length;
      if (page.length > 0 && bytes > FRAME_TARGET_BYTES) break;
      page.push(each);
    }
    const blocks = page.map(({ block }) => block);
    quota.charge(peer, blocksPrice(blocks));
    yield encodeQueryPage({
      blocks: blocks.map((block) => block.bytes),
      next: page.at(-1)?.arrival ?? query.after,
      more: page.length < arrived.length || arrived.length === MAX_FRAME_BLOCKS,
    });
  };
}
