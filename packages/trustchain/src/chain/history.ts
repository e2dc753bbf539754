import {
  type BlockId,
  type ChainHistory,
  equalBytes,
  type HalfBlock,
  type HistoryOptions,
  InvalidArgumentError,
  type PublicKey,
  throwIfAborted,
} from '@edmp/interface';
import { bytesKey } from '../block/identity.ts';
import { forgetOldest } from '../store/forget-oldest.ts';
import { expectBlockId, expectKey } from './arguments.ts';
import { doubleSlot, slottedTypes } from './double-slots.ts';
import { historyError } from './errors.ts';
import type { FraudRegister } from './fraud-register.ts';
import { fetchMissing, type HistoryFetchContext, type WantedStretch } from './history-fetch.ts';
import { readStretch, type Stretch } from './stretch.ts';
import type { TypeRules } from './view.ts';

/** Authors whose checked history is remembered. */
const MAX_MARKS = 4_096;

/** What {@link histories} works with. */
export interface HistoryContext extends HistoryFetchContext {
  readonly rules: TypeRules;
  readonly frauds: FraudRegister;
  /** First position of an author that is wanted: what lies below was checked, and pruned. */
  readonly floor: (author: PublicKey) => number;
}

/** Brings in and checks the histories of authors. */
export interface Histories {
  /**
   * `beforeAsking` runs before anybody is asked for what is missing, and calls it off by throwing. Throws
   * `ERR_CHAIN_HISTORY`, `ERR_INVALID_ARGUMENT`, `ERR_ABORTED`.
   */
  bring(
    author: PublicKey,
    options: HistoryOptions,
    beforeAsking?: () => Promise<unknown>,
  ): Promise<ChainHistory>;
  /** Whether all that is wanted before a stored block was checked already: at most the block itself is new. */
  isCheckedBefore(block: HalfBlock, want: 'complete' | number): boolean;
  /** A block of which {@link Histories.isCheckedBefore} was found valid too. */
  passed(block: HalfBlock): void;
}

/** A stretch that was found whole and valid. Later branches in it are proven fraud, which is asked for each time. */
interface Mark {
  readonly from: number;
  readonly head: HalfBlock;
}

interface Wanted extends WantedStretch {
  /** The block at `to`, when it was named. */
  readonly target: HalfBlock | undefined;
}

const wantedFrom = (want: 'complete' | number, to: number): number =>
  want === 'complete' ? 1 : Math.max(1, to - want + 1);

function expectWant(want: 'complete' | number): void {
  if (want === 'complete' || (Number.isSafeInteger(want) && want >= 1)) return;
  throw new InvalidArgumentError(
    `A history is wanted complete, or as a number of blocks from 1 on, got ${want}`,
  );
}

/** The {@link Histories} known to a chain. */
export function histories(context: HistoryContext): Histories {
  const { store, rules, frauds, environment, floor } = context;
  const marks = new Map<string, Mark>();
  /** The newest work for each author: the next one begins when it has ended. */
  const running = new Map<string, Promise<unknown>>();

  const resolve = async (
    author: PublicKey,
    upTo: BlockId | number,
    want: 'complete' | number,
  ): Promise<Wanted> => {
    let target: HalfBlock | undefined;
    if (typeof upTo !== 'number') {
      target = await store.get(expectBlockId(upTo));
      if (target === undefined) throw historyError('unreachable', [], `Block ${upTo} is not stored here`);
      if (!equalBytes(target.core.key, author)) {
        throw new InvalidArgumentError(`Block ${upTo} is another author's`);
      }
    } else if (!Number.isSafeInteger(upTo) || upTo < 1) {
      throw new InvalidArgumentError(`A history goes up to a block or a position from 1 on, got ${upTo}`);
    }
    const to = target?.core.seq ?? (upTo as number);
    return { author, from: Math.min(to, Math.max(wantedFrom(want, to), floor(author))), to, target };
  };

  /** Reads what is not checked yet. */
  const read = async (wanted: Wanted, signal: AbortSignal | undefined): Promise<Stretch> => {
    const mark = marks.get(bytesKey(wanted.author));
    const goesOn = mark !== undefined && mark.from <= wanted.from && mark.head.core.seq < wanted.to;
    const range = goesOn ? { ...wanted, from: mark.head.core.seq + 1, before: mark.head } : wanted;
    const found = await readStretch({ store, rules, now: environment.now() }, range, { signal });
    for (const evidence of found.fraud) await frauds.record(evidence);
    return found;
  };

  const note = ({ author, from }: Pick<Wanted, 'author' | 'from'>, head: HalfBlock): void => {
    const key = bytesKey(author);
    const known = marks.get(key);
    if (known !== undefined && (known.from < from || known.head.core.seq >= head.core.seq)) return;
    marks.delete(key);
    marks.set(key, { from, head });
    if (marks.size > MAX_MARKS) forgetOldest(marks);
  };

  const expectHonest = async (author: PublicKey): Promise<void> => {
    if (await frauds.has(author)) throw historyError('fork', [], 'The author is a proven cheat');
  };
  /** The only block at the end of a stretch that was checked before. */
  const known = async ({ author, from, to, target }: Wanted): Promise<HalfBlock | undefined> => {
    const mark = marks.get(bytesKey(author));
    if (mark === undefined || mark.from > from || mark.head.core.seq < to) return undefined;
    const [block, branch] = await store.at(author, to);
    if (block === undefined) return undefined;
    const isOther = target !== undefined && !equalBytes(block.id.bytes, target.id.bytes);
    if (branch !== undefined || isOther) {
      throw historyError('fork', [], `Position ${to} of the chain is held by more than one block`);
    }
    return block;
  };

  const bringNow = async (
    wanted: Wanted,
    signal: AbortSignal | undefined,
    beforeAsking: (() => Promise<unknown>) | undefined,
  ): Promise<ChainHistory> => {
    const { author, from, to } = wanted;
    await expectHonest(author);
    const checked = await known(wanted);
    if (checked !== undefined) return { author, from, to, head: checked.id };
    let found = await read(wanted, signal);
    if (found.kind === 'gap') {
      await beforeAsking?.();
      // What the author tells of itself is not all: others may know a branch that it does not show.
      const types = slottedTypes(rules);
      const others =
        types.length === 0 ? undefined : context.source()?.consult({ author, types }, { signal });
      await Promise.all([fetchMissing(context, wanted, signal), others]);
      const double = await doubleSlot(store, rules, author, { signal });
      if (double !== undefined) await frauds.record(double);
      found = await read(wanted, signal);
    }
    // Whatever was found on the way, or came in with what was fetched.
    await expectHonest(author);
    if (found.kind === 'gap') {
      throw historyError('gap', [found.first], 'Blocks went missing while the history was read');
    }
    if (found.kind === 'invalid') {
      throw historyError(
        'invalid',
        [],
        `Block ${found.block.id} at position ${found.block.core.seq} is invalid: ${found.issues[0]?.message}`,
      );
    }
    note(wanted, found.last);
    return { author, from, to, head: found.last.id };
  };

  return {
    async bring(named, { upTo, want = 'complete', signal }, beforeAsking) {
      const author = expectKey('An author', named);
      expectWant(want);
      throwIfAborted(signal);
      const key = bytesKey(author);
      const wanted = await resolve(author, upTo, want);
      const work = (running.get(key) ?? Promise.resolve()).then(() => bringNow(wanted, signal, beforeAsking));
      const ended = work.catch(() => {});
      running.set(key, ended);
      try {
        return await work;
      } finally {
        if (running.get(key) === ended) running.delete(key);
      }
    },
    isCheckedBefore({ core: { key, seq, prev } }, want) {
      const mark = marks.get(bytesKey(key));
      if (mark === undefined || mark.from > Math.max(wantedFrom(want, seq), floor(key))) return false;
      // One block was found at each position: another one there has come since, and is proven fraud or about to be.
      if (seq >= mark.from && seq <= mark.head.core.seq) return true;
      return prev !== null && equalBytes(prev.bytes, mark.head.id.bytes);
    },
    passed(block) {
      const mark = marks.get(bytesKey(block.core.key));
      if (mark === undefined || !equalBytes(mark.head.id.bytes, block.core.prev?.bytes ?? new Uint8Array()))
        return;
      note({ author: block.core.key, from: mark.from }, block);
    },
  };
}
