import type { DataSettlement } from '@edmp/data-settlement';
import {
  type AbortOptions,
  type BlockStore,
  CODEC_DAG_CBOR,
  type ContentStore,
  type Environment,
  type HalfBlock,
  type KeyValueStore,
  type PublicKey,
  throwIfAborted,
} from '@edmp/interface';
import { mutex } from '@edmp/interface/bounded';
import { encodeDatasetDocument } from '@edmp/interface/dataset';
import { decodeCanonical, encodeCanonical } from '@edmp/interface/format';
import type { CID } from 'multiformats/cid';
import type { PublishedView } from '../service.ts';

/** Name under which the chain is published; datasets go by their asset id. */
const CHAIN = 'chain';
const KEY = 'published/';
const PAGE = 256;
/** Blocks written at the same time: each write waits for the disk. */
const WRITERS = 16;

/** What {@link publications} needs. */
export interface PublicationParts {
  /** Holds what is published and nothing else, so that everybody may have whatever is in it. */
  readonly store: ContentStore;
  readonly records: KeyValueStore;
  readonly chain: BlockStore;
  readonly self: PublicKey;
  readonly settlement: Pick<DataSettlement, 'datasets'>;
  readonly environment: Pick<Environment, 'now'>;
}

/** What the owner of a node gives to everybody. */
export interface Publications {
  /** Publishes the chain as it is now and the public documents of the datasets held; earlier ones are replaced. */
  publish(options?: AbortOptions): Promise<readonly PublishedView[]>;
  list(): Promise<readonly PublishedView[]>;
  /** Takes everything back. Copies that others made stay. */
  withdraw(options?: AbortOptions): Promise<void>;
}

/**
 * Publications of a node. A chain is a list of dag-cbor nodes, the newest first: `{ v, block, signature, link,
 * linkSignature, next }`, where `block` links to the core of the node's own half block, `link` to that of the other half
 * (null where there is none), and `next` to the node before, so that `ipfs dag get ROOT/next/link/tx` works everywhere.
 */
export function publications(parts: PublicationParts): Publications {
  const { store, records, settlement, environment } = parts;
  const oneAtATime = mutex();

  const all = async (): Promise<readonly PublicationRecord[]> =>
    (await records.entries(KEY)).map(([key, bytes]) => recordOf(key.slice(KEY.length), bytes));
  const list = async (): Promise<readonly PublishedView[]> =>
    (await all()).map(({ name, root, blocks, at }) => ({ name, root: root.toString(), blocks, at }));
  /** Keeps `root` under `name` in place of what was there. */
  const keep = async (name: string, root: CID, blocks: number): Promise<void> => {
    const bytes = await records.get(`${KEY}${name}`);
    const old = bytes === undefined ? [] : rootsOf(recordOf(name, bytes));
    const before = old.filter((each) => !each.equals(root));
    // Written first, with what it replaces, so that no crash leaves a pin that nobody knows of.
    const record = { root, before, blocks, at: environment.now() };
    await records.set(`${KEY}${name}`, encodeCanonical(record));
    await store.pin(root, `${KEY}${name}`);
    for (const each of before) await store.unpin(each, `${KEY}${name}`);
    if (before.length > 0) await records.set(`${KEY}${name}`, encodeCanonical({ ...record, before: [] }));
  };
  const drop = async (record: PublicationRecord): Promise<void> => {
    for (const root of rootsOf(record)) await store.unpin(root, `${KEY}${record.name}`);
    await records.delete(`${KEY}${record.name}`);
  };

  return {
    list,
    publish: (options = {}) =>
      oneAtATime.run(async () => {
        const chain = await writeChain(parts, options.signal);
        if (chain !== undefined) await keep(CHAIN, chain.root, chain.blocks);
        const held = new Set<string>([CHAIN]);
        for (const { asset, document } of await settlement.datasets()) {
          throwIfAborted(options.signal);
          await keep(asset, await store.put(CODEC_DAG_CBOR, encodeDatasetDocument(document)), 1);
          held.add(asset);
        }
        for (const entry of await all()) if (!held.has(entry.name)) await drop(entry);
        await store.collect(options);
        return list();
      }),
    withdraw: (options = {}) =>
      oneAtATime.run(async () => {
        for (const entry of await all()) await drop(entry);
        await store.collect(options);
      }),
  };
}

/** What is remembered of a publication. */
interface PublicationRecord {
  readonly name: string;
  readonly root: CID;
  /** Roots that it replaces and that may still be pinned. */
  readonly before: readonly CID[];
  readonly blocks: number;
  readonly at: number;
}

const rootsOf = ({ root, before }: PublicationRecord): readonly CID[] => [root, ...before];

function recordOf(name: string, bytes: Uint8Array): PublicationRecord {
  const fields = decodeCanonical(bytes) as unknown as Omit<PublicationRecord, 'name'>;
  return { ...fields, name };
}

/** Writes the list of the chain; undefined while there is no block. */
async function writeChain(
  { store, chain, self }: PublicationParts,
  signal: AbortSignal | undefined,
): Promise<{ readonly root: CID; readonly blocks: number } | undefined> {
  const writing = new Set<Promise<CID>>();
  const write = async (bytes: Uint8Array): Promise<void> => {
    if (writing.size >= WRITERS) await Promise.race(writing);
    const task = store.put(CODEC_DAG_CBOR, bytes, { signal });
    writing.add(task);
    task.then(
      () => writing.delete(task),
      // Stays, so that the wait at the end fails.
      () => undefined,
    );
  };
  let last: Uint8Array | undefined;
  let next: CID | null = null;
  let blocks = 0;
  const written = new Set<string>();
  try {
    for await (const block of blocksOf(chain, self)) {
      throwIfAborted(signal);
      const other = await otherHalf(chain, block);
      // The node before is stored by now: its id is part of this one.
      if (last !== undefined) next = await store.put(CODEC_DAG_CBOR, last, { signal });
      for (const half of other === undefined ? [block] : [block, other]) {
        if (written.has(half.id.toString())) continue;
        written.add(half.id.toString());
        await write(half.coreBytes);
        blocks += 1;
      }
      last = encodeCanonical({
        v: 1,
        block: block.id,
        signature: block.signature,
        link: other?.id ?? null,
        linkSignature: other?.signature ?? null,
        next,
      });
      blocks += 1;
    }
  } finally {
    await Promise.all(writing);
  }
  return last === undefined ? undefined : { root: await store.put(CODEC_DAG_CBOR, last, { signal }), blocks };
}

async function* blocksOf(chain: BlockStore, author: PublicKey): AsyncIterable<HalfBlock> {
  const top = (await chain.head(author))?.core.seq ?? 0;
  for (let from = 1; from <= top; ) {
    const page = await chain.range(author, from, top, PAGE);
    yield* page;
    from = (page.at(-1)?.core.seq ?? top) + 1;
  }
}

/** The block that a block answers, or the first that answers it from whom it is addressed to. */
async function otherHalf(chain: BlockStore, block: HalfBlock): Promise<HalfBlock | undefined> {
  const { link, peer } = block.core;
  if (link !== null) return chain.get(link);
  const found = await chain.answers(block.id, { limit: 1, ...(peer === null ? {} : { author: peer }) });
  return found[0]?.block;
}
