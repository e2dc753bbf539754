import {
  type ArrivedBlock,
  type BlockId,
  type BlockStore,
  compareBytes,
  type HalfBlock,
  InvalidArgumentError,
  type PublicKey,
  type Reservation,
  type SigningLease,
} from '@edmp/interface';
import { blockKey, bytesKey } from '../block/identity.ts';
import { answersAtOnce, type ImmediateReads, promised } from './at-once.ts';
import { StoreError } from './errors.ts';
import { endedLease, expectFence, nextLease } from './leases.ts';
import { freshReservations, type Reservations, sameId } from './memory-reservations.ts';
import { openers } from './openers.ts';

interface Chain {
  readonly key: PublicKey;
  /** Known positions, ascending. */
  readonly seqs: number[];
  readonly branches: Map<number, HalfBlock[]>;
  count: number;
}

/** Index of the first element whose number is not below `value`. */
function lowerBound<T>(list: readonly T[], numberOf: (item: T) => number, value: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = list[middle];
    if (item !== undefined && numberOf(item) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

const itself = (seq: number): number => seq;
const arrivalOf = ({ arrival }: ArrivedBlock): number => arrival;
const byId = (a: HalfBlock, b: HalfBlock): number => compareBytes(a.id.bytes, b.id.bytes);

function append<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

function after(list: readonly ArrivedBlock[], cursor: number, limit: number): readonly ArrivedBlock[] {
  const start = lowerBound(list, arrivalOf, cursor + 1);
  return list.slice(start, start + Math.max(0, limit));
}

/** Options of {@link memoryBlockStore}. */
export interface MemoryBlockStoreOptions {
  /** Opens what this other memory store holds once more, as two processes open one database. Default: nothing yet. */
  readonly beside?: BlockStore;
}

/** How each memory store is opened once more. */
const again = new WeakMap<BlockStore, () => BlockStore>();

/**
 * A {@link BlockStore} that forgets everything when the process ends. Throws `ERR_INVALID_ARGUMENT` when `beside` is no
 * memory store.
 *
 * @example
 * ```ts
 * import { memoryBlockStore } from '@edmp/trustchain';
 *
 * await using store = memoryBlockStore();
 * console.log(await store.count()); // 0
 * ```
 */
export function memoryBlockStore(options: MemoryBlockStoreOptions = {}): BlockStore {
  if (options.beside === undefined) return memoryBlocks();
  const open = again.get(options.beside);
  if (open === undefined) throw new InvalidArgumentError('Only a memory store can be opened beside itself');
  return open();
}

/** An empty memory and its first opener. */
function memoryBlocks(): BlockStore {
  const blocks = new Map<string, HalfBlock>();
  const arrivals: ArrivedBlock[] = [];
  const places = new Map<string, number>();
  const chains = new Map<string, Chain>();
  const links = new Map<string, ArrivedBlock[]>();
  /** By link and author. */
  const authorLinks = new Map<string, ArrivedBlock[]>();
  const types = new Map<string, ArrivedBlock[]>();
  const authorTypes = new Map<string, ArrivedBlock[]>();
  const proofs = new Map<string, Map<string, Uint8Array>>();
  const reservations = new Map<string, Reservations>();
  const leases = new Map<string, SigningLease>();
  const shared = openers();
  let lastArrival = 0;

  const at = (chain: Chain | undefined, seq: number | undefined): readonly HalfBlock[] =>
    (seq === undefined ? undefined : chain?.branches.get(seq)) ?? [];

  const answersTo = (link: BlockId, author: PublicKey | undefined): readonly ArrivedBlock[] =>
    (author === undefined ? links.get(blockKey(link)) : authorLinks.get(blockKey(link) + bytesKey(author))) ??
    [];

  const insert = (block: HalfBlock): boolean => {
    const key = blockKey(block.id);
    if (blocks.has(key)) return false;
    blocks.set(key, block);
    lastArrival += 1;
    const arrived = { block, arrival: lastArrival };
    arrivals.push(arrived);
    places.set(key, lastArrival);
    const { core } = block;
    const author = bytesKey(core.key);
    let chain = chains.get(author);
    if (chain === undefined) {
      chain = { key: core.key, seqs: [], branches: new Map(), count: 0 };
      chains.set(author, chain);
    }
    chain.count += 1;
    const branches = chain.branches.get(core.seq);
    if (branches === undefined) {
      chain.branches.set(core.seq, [block]);
      const { seqs } = chain;
      if (core.seq > (seqs.at(-1) ?? 0)) seqs.push(core.seq);
      else seqs.splice(lowerBound(seqs, itself, core.seq), 0, core.seq);
    } else {
      chain.branches.set(core.seq, [...branches, block].sort(byId));
    }
    if (core.link !== null) {
      const link = blockKey(core.link);
      append(links, link, arrived);
      append(authorLinks, link + author, arrived);
    }
    append(types, core.type, arrived);
    append(authorTypes, author + core.type, arrived);
    const reserved = reservations.get(author);
    if (
      reserved !== undefined &&
      reserved.latest.seq !== core.seq &&
      sameId(reserved.open.get(core.seq)?.id, block.id)
    ) {
      reserved.open.delete(core.seq);
    }
    return true;
  };

  const remove = (id: BlockId): boolean => {
    const block = blocks.get(blockKey(id));
    const arrival = places.get(blockKey(id));
    const chain = block && chains.get(bytesKey(block.core.key));
    if (block === undefined || arrival === undefined || chain === undefined) return false;
    blocks.delete(blockKey(id));
    places.delete(blockKey(id));
    const { core } = block;
    const author = bytesKey(core.key);
    const drop = (list: ArrivedBlock[]): void => {
      list.splice(lowerBound(list, arrivalOf, arrival), 1);
    };
    const dropFrom = (lists: Map<string, ArrivedBlock[]>, key: string): void => {
      const list = lists.get(key);
      if (list === undefined) return;
      drop(list);
      if (list.length === 0) lists.delete(key);
    };
    drop(arrivals);
    dropFrom(types, core.type);
    dropFrom(authorTypes, author + core.type);
    if (core.link !== null) {
      dropFrom(links, blockKey(core.link));
      dropFrom(authorLinks, blockKey(core.link) + author);
    }
    chain.count -= 1;
    const branches = chain.branches.get(core.seq)?.filter((other) => other !== block);
    if (branches !== undefined && branches.length > 0) {
      chain.branches.set(core.seq, branches);
    } else {
      chain.branches.delete(core.seq);
      chain.seqs.splice(lowerBound(chain.seqs, itself, core.seq), 1);
    }
    if (chain.count === 0) chains.delete(author);
    return true;
  };

  const handle = (): BlockStore => {
    const opener = shared.open();
    let closed = false;
    const open = (): void => {
      if (closed) throw new StoreError('ERR_STORE_CLOSED', 'The block store is closed');
    };
    const write = async <T>(work: () => T): Promise<T> => {
      open();
      return opener.write(work);
    };
    const reads: ImmediateReads = {
      get(id) {
        open();
        return blocks.get(blockKey(id));
      },
      getMany(ids) {
        open();
        return ids.map((id) => blocks.get(blockKey(id)));
      },
      has(id) {
        open();
        return blocks.has(blockKey(id));
      },
      at(author, seq) {
        open();
        return at(chains.get(bytesKey(author)), seq).slice();
      },
      head(author) {
        open();
        const chain = chains.get(bytesKey(author));
        return at(chain, chain?.seqs.at(-1))[0];
      },
      neighbours(author, seq) {
        open();
        const chain = chains.get(bytesKey(author));
        const seqs = chain?.seqs ?? [];
        const index = lowerBound(seqs, itself, seq);
        const above = seqs[index] === seq ? index + 1 : index;
        return { previous: at(chain, seqs[index - 1]).slice(), next: at(chain, seqs[above]).slice() };
      },
      answers(id, options) {
        open();
        return after(answersTo(id, options.author), options.after ?? 0, options.limit);
      },
      answersBy(questions, limit) {
        open();
        return questions.map(({ link, author }) =>
          after(answersTo(link, author), 0, limit).map(({ block }) => block),
        );
      },
      unfinished(author) {
        open();
        return [...(reservations.get(bytesKey(author))?.open.values() ?? [])]
          .filter((reservation) => !blocks.has(blockKey(reservation.id)))
          .sort((a, b) => a.seq - b.seq);
      },
    };
    const store: BlockStore = {
      ...promised(reads),
      put: (added) =>
        write(() => {
          let count = 0;
          for (const block of added) if (insert(block)) count += 1;
          return count;
        }),
      async range(author, from, to, limit) {
        open();
        const chain = chains.get(bytesKey(author));
        const out: HalfBlock[] = [];
        if (chain === undefined) return out;
        const { seqs } = chain;
        const start = lowerBound(seqs, itself, from);
        const end = Math.min(lowerBound(seqs, itself, to + 1), start + Math.max(0, limit));
        for (const seq of seqs.slice(start, end)) {
          for (const block of at(chain, seq)) if (out.length < limit) out.push(block);
        }
        return out;
      },
      async byType(type, options) {
        open();
        const list =
          options.author === undefined ? types.get(type) : authorTypes.get(bytesKey(options.author) + type);
        return after(list ?? [], options.after ?? 0, options.limit);
      },
      async since(cursor, limit) {
        open();
        return after(arrivals, cursor, limit);
      },
      async newest(limit) {
        open();
        return arrivals.slice(Math.max(0, arrivals.length - Math.max(0, limit)));
      },
      async authors({ after: last, limit }) {
        open();
        const keys = [...chains.values()].map((chain) => chain.key).sort(compareBytes);
        const start = last === undefined ? 0 : keys.findIndex((key) => compareBytes(key, last) > 0);
        return start < 0 ? [] : keys.slice(start, start + Math.max(0, limit));
      },
      async count(author) {
        open();
        return author === undefined ? blocks.size : (chains.get(bytesKey(author))?.count ?? 0);
      },
      async positions(author) {
        open();
        return chains.get(bytesKey(author))?.seqs.length ?? 0;
      },
      putProof: (author, id, proof) =>
        write(() => {
          const key = bytesKey(author);
          const known = proofs.get(key) ?? new Map<string, Uint8Array>();
          proofs.set(key, known);
          if (known.has(blockKey(id))) return false;
          known.set(blockKey(id), proof.slice());
          return true;
        }),
      async proofs(author) {
        open();
        return [...(proofs.get(bytesKey(author))?.values() ?? [])].map((proof) => proof.slice());
      },
      reserve: (author, ...asked) =>
        write(() => {
          const key = bytesKey(author);
          for (const { fence } of asked) expectFence(leases.get(key)?.fence, fence);
          const own = reservations.get(key);
          const top = chains.get(key)?.seqs.at(-1) ?? 0;
          const fresh = freshReservations(own, asked, (id) => blocks.get(blockKey(id)), top);
          const latest = fresh.at(-1);
          if (latest === undefined) return;
          const kept = own?.open ?? new Map<number, Reservation>();
          if (own !== undefined && blocks.has(blockKey(own.latest.id))) kept.delete(own.latest.seq);
          for (const reservation of fresh) kept.set(reservation.seq, reservation);
          reservations.set(key, { latest, open: kept });
        }),
      async reservation(author) {
        open();
        return reservations.get(bytesKey(author))?.latest;
      },
      remove: (ids) =>
        write(() => {
          let count = 0;
          for (const id of ids) if (remove(id)) count += 1;
          return count;
        }),
      snapshot: async (read) => {
        open();
        return shared.still(() => read(store));
      },
      changed(listener) {
        open();
        return opener.listen(listener);
      },
      lease: (author, request) =>
        write(() => {
          const key = bytesKey(author);
          const lease = nextLease(leases.get(key), author, request);
          if (lease !== undefined) leases.set(key, lease);
          return lease;
        }),
      endLease: (lease) =>
        write(() => {
          const key = bytesKey(lease.author);
          const ended = endedLease(leases.get(key), lease);
          if (ended !== undefined) leases.set(key, ended);
        }),
      [Symbol.asyncDispose]() {
        return this.close();
      },
      async close() {
        closed = true;
        opener.close();
      },
    };
    again.set(store, handle);
    return answersAtOnce(store, reads);
  };
  return handle();
}
