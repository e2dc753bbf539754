import {
  type AbortOptions,
  type BlockId,
  type BlockStore,
  type Crypto,
  type Environment,
  equalBytes,
  type HalfBlock,
  type Network,
  type PublicKey,
  type ReceiveResult,
  singleFrame,
  throwIfAborted,
  withDeadline,
} from '@edmp/interface';
import { decodeHalfBlock } from '../../block/codec.ts';
import { bytesKey } from '../../block/identity.ts';
import { forgetOldest } from '../../store/forget-oldest.ts';
import { breach, MAX_FRAME_BYTES } from '../messages.ts';
import { type BlockQuery, decodeQueryPage, encodeQuery, QUERY_PROTOCOL } from './query-messages.ts';

/** Peers that are asked about one author at once. */
export const MAX_CONSULTED = 4;
/** Pages of one answer at most: a thousand blocks of a type. A later question goes on from there. */
const MAX_PAGES = 4;
/** Questions that one call asks each peer at most. */
const MAX_QUESTIONS = 16;
/** Places up to which a peer's answers are known. */
const MAX_CURSORS = 4_096;

/** What {@link consultation} works with. */
export interface ConsultContext {
  readonly self: PublicKey;
  readonly network: Pick<Network, 'peers' | 'request'>;
  readonly store: BlockStore;
  readonly crypto: Crypto;
  readonly environment: Environment;
  readonly receive: (block: HalfBlock) => Promise<ReceiveResult>;
  /** Longest wait for one peer, ms. */
  readonly timeoutMs: number;
}

/** What others are asked about an author. */
export interface Question {
  /** Whom it is about: it is not asked. */
  readonly author: PublicKey;
  /** Its blocks of these types. */
  readonly types?: readonly string[];
  /** Answers by anybody to these blocks of its. */
  readonly links?: readonly BlockId[];
}

/** Asks others what they have of an author. */
export type Consult = (question: Question, options?: AbortOptions) => Promise<number>;

function randomBelow(environment: Pick<Environment, 'randomBytes'>, limit: number): number {
  const [a = 0, b = 0] = environment.randomBytes(2);
  return (a * 256 + b) % limit;
}

/**
 * Asks up to {@link MAX_CONSULTED} connected peers, and never the author itself, for blocks of an author by type and by
 * link, and takes in what comes. Whoever is silent or sends something else is passed over: others can keep back what the
 * author keeps back, but no more than that. Resolves with the number of new blocks. Throws `ERR_ABORTED`.
 */
export function consultation(context: ConsultContext): Consult {
  const { self, network, store, crypto, environment, receive, timeoutMs } = context;
  const cursors = new Map<string, number>();

  const isWanted = (block: HalfBlock, { author, want }: BlockQuery): boolean => {
    if ('type' in want) return equalBytes(block.core.key, author) && block.core.type === want.type;
    return block.core.link !== null && equalBytes(block.core.link.bytes, want.link.bytes);
  };

  const ask = async (peer: PublicKey, query: BlockQuery, signal: AbortSignal): Promise<number> => {
    const { want } = query;
    const name = `${bytesKey(peer)} ${bytesKey(query.author)} ${'type' in want ? want.type : want.link}`;
    let added = 0;
    let after = cursors.get(name) ?? 0;
    for (let page = 0; page < MAX_PAGES; page++) {
      const request = encodeQuery({ ...query, after });
      const frame = await singleFrame(
        network.request(peer, QUERY_PROTOCOL, request, { signal, maxFrameBytes: MAX_FRAME_BYTES }),
      );
      const { blocks: encoded, next, more } = decodeQueryPage(frame);
      const blocks = encoded.map((bytes) => decodeHalfBlock(bytes, crypto));
      for (const block of blocks) {
        if (!isWanted(block, query)) throw breach(`The peer sent block ${block.id}, which was not asked for`);
      }
      const stored = await store.getMany(blocks.map(({ id }) => id));
      const results = await Promise.all(blocks.filter((_, n) => stored[n] === undefined).map(receive));
      added += results.filter((result) => result.added).length;
      if (next < after || (more && next === after)) throw breach('The peer ends its answer where it began');
      after = next;
      cursors.delete(name);
      cursors.set(name, after);
      if (cursors.size > MAX_CURSORS) forgetOldest(cursors);
      if (!more) break;
    }
    return added;
  };

  return async ({ author, types = [], links = [] }, { signal } = {}) => {
    throwIfAborted(signal);
    const wants = [...types.map((type) => ({ type })), ...links.map((link) => ({ link }))];
    const others = network.peers().filter((peer) => !equalBytes(peer, author) && !equalBytes(peer, self));
    // Any of them: who connects first, or often, must not be the only one to be asked.
    const start = others.length === 0 ? 0 : randomBelow(environment, others.length);
    const peers = [...others.slice(start), ...others.slice(0, start)].slice(0, MAX_CONSULTED);
    const asked = peers.map(async (peer) => {
      let added = 0;
      try {
        await withDeadline(
          environment,
          timeoutMs,
          'Asking a peer about an author',
          async (inner) => {
            for (const want of wants.slice(0, MAX_QUESTIONS)) {
              added += await ask(peer, { author, want, after: 0 }, inner);
            }
          },
          { signal },
        );
      } catch {
        // Silent, busy, of an older version, or lying: what came before counts, and the others are asked as well.
      }
      return added;
    });
    const added = await Promise.all(asked);
    throwIfAborted(signal);
    return added.reduce((sum, each) => sum + each, 0);
  };
}
