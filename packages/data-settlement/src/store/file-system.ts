import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContentStore } from '@edmp/interface';
import { CID } from 'multiformats/cid';
import { ContentError } from '../errors.ts';
import { type BlockBackend, type KeyedBlock, type LocalStoreOptions, localContentStore } from './backend.ts';
import { eachOf, writeBatches } from './write-batches.ts';

/** Options of {@link fsContentStore}. */
export interface FsContentStoreOptions extends LocalStoreOptions {
  /** Directory of the store; made when absent. Holds `blocks/<shard>/<cid>`, `pins/<cid>/<owner hash>` and `tmp/`. */
  readonly dir: string;
}

/**
 * Files written and synced at the same time. On the reference machine a sync of its own for each of 16 kB files gives 41
 * MB/s one after the other, 59 with 8 at a time and 109 with 32: the disk's journal takes them together.
 */
const FILES_AT_ONCE = 32;
/** Blocks that are made durable together, at most: the first of them waits for the last. */
const MAX_BATCH = 256;

const isMissing = (error: unknown): boolean =>
  (error as { readonly code?: unknown } | null)?.code === 'ENOENT';

async function orWhenMissing<T>(task: Promise<T>, fallback: T): Promise<T> {
  try {
    return await task;
  } catch (error) {
    if (isMissing(error)) return fallback;
    throw error;
  }
}

/** Makes the entries of a directory durable where the platform can. */
async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    // Windows cannot sync directories (EPERM); renames are journalled there.
    await handle.sync().catch(() => undefined);
  } finally {
    await handle.close();
  }
}

const directories = async (dir: string): Promise<readonly Dirent[]> =>
  orWhenMissing(readdir(dir, { withFileTypes: true }), []);

/**
 * A `ContentStore` in a directory. A block appears under its name only when all its bytes are on disk (temporary
 * file, fsync, rename), and a put is over when its folder is synced too, once for all blocks of a batch; what a crash leaves behind is swept from `tmp/` at the next start.
 */
export async function fsContentStore(options: FsContentStoreOptions): Promise<ContentStore> {
  const blocks = join(options.dir, 'blocks');
  const pins = join(options.dir, 'pins');
  const tmp = join(options.dir, 'tmp');
  await rm(tmp, { recursive: true, force: true });
  for (const dir of [blocks, pins, tmp]) await mkdir(dir, { recursive: true });
  // The two characters before the last spread evenly (go-ds-flatfs "next-to-last/2").
  const shardOf = (key: string): string => join(blocks, key.slice(-3, -1));
  const pathOf = (key: string): string => join(shardOf(key), key);
  const pinPath = (key: string, owner: string): string =>
    join(pins, key, createHash('sha256').update(owner).digest('hex'));
  const shards = new Set<string>();
  let serial = 0;

  /** A file under its name with all its bytes on disk; whether the name is, its folder's sync decides. */
  const writeFile = async (path: string, bytes: Uint8Array, now?: number): Promise<void> => {
    const temporary = join(tmp, `${++serial}`);
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(bytes);
      if (now !== undefined) await handle.utimes(now / 1000, now / 1000);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  };
  const ensureShards = async (wanted: ReadonlySet<string>): Promise<void> => {
    const missing = [...wanted].filter((dir) => !shards.has(dir));
    if (missing.length === 0) return;
    for (const dir of missing) await mkdir(dir, { recursive: true });
    await syncDirectory(blocks);
    for (const dir of missing) shards.add(dir);
  };
  /** Whether a block is here in good order; its age is renewed then. */
  const renewed = async ({ key, bytes, now }: DatedBlock): Promise<boolean> => {
    // A damaged copy must not survive a repeated put, so only a file of the right size is left alone.
    const held = await orWhenMissing(stat(pathOf(key)), undefined);
    if (held?.size !== bytes.length || !(await sameBytes(pathOf(key), bytes))) return false;
    await utimes(pathOf(key), now / 1000, now / 1000);
    return true;
  };
  const batches = writeBatches(MAX_BATCH, async (batch: readonly DatedBlock[]) => {
    const folders = new Set(batch.map(({ key }) => shardOf(key)));
    await ensureShards(folders);
    const unique = new Map(batch.map((block) => [block.key, block]));
    await eachOf(FILES_AT_ONCE, [...unique.values()], async (block) => {
      if (!(await renewed(block))) await writeFile(pathOf(block.key), block.bytes, block.now);
    });
    // Once for all blocks of the batch that a folder has; also for those that were there, perhaps since a put that died
    // between giving a block its name and syncing that.
    await eachOf(FILES_AT_ONCE, [...folders], syncDirectory);
  });

  const backend: BlockBackend = {
    async read(key, maxBytes) {
      const handle = await orWhenMissing(open(pathOf(key), 'r'), undefined);
      if (handle === undefined) return undefined;
      try {
        const { size } = await handle.stat();
        if (size > maxBytes) {
          throw new ContentError(
            'ERR_CONTENT_TOO_LARGE',
            `Expected a block of at most ${maxBytes} bytes, the file of ${key} has ${size}`,
          );
        }
        const buffer = await handle.readFile();
        return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
      } finally {
        await handle.close();
      }
    },
    has: async (key) => (await orWhenMissing(stat(pathOf(key)), undefined)) !== undefined,
    write: (key, bytes, now) => batches.add({ key, bytes, now }),
    async writeMany(blocks, now) {
      const results = await Promise.allSettled(blocks.map((block) => batches.add({ ...block, now })));
      // When all are over: whoever hears of a failure may close the store, or remove its folder.
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    },
    async remove(key) {
      const held = await orWhenMissing(stat(pathOf(key)), undefined);
      await rm(pathOf(key), { force: true });
      if (held !== undefined) await syncDirectory(shardOf(key));
      return held?.size ?? 0;
    },
    async *keys() {
      for (const shard of await directories(blocks)) {
        if (!shard.isDirectory()) continue;
        for (const entry of await directories(join(blocks, shard.name))) {
          const held = isBlockName(entry.name)
            ? await orWhenMissing(stat(pathOf(entry.name)), undefined)
            : undefined;
          if (held !== undefined) yield { key: entry.name, writtenAt: Math.round(held.mtimeMs) };
        }
      }
    },
    async addPin(key, owner) {
      await mkdir(join(pins, key), { recursive: true });
      await writeFile(pinPath(key, owner), new TextEncoder().encode(owner));
      await syncDirectory(join(pins, key));
      await syncDirectory(pins);
    },
    async removePin(key, owner) {
      await rm(pinPath(key, owner), { force: true });
    },
    async pins() {
      const held: string[] = [];
      for (const entry of await directories(pins)) {
        if (isBlockName(entry.name) && (await directories(join(pins, entry.name))).length > 0)
          held.push(entry.name);
      }
      return held;
    },
    async close() {},
  };
  return localContentStore(backend, options);
}

/** A block with the time that its file is to bear, ms. */
interface DatedBlock extends KeyedBlock {
  readonly now: number;
}

async function sameBytes(path: string, bytes: Uint8Array): Promise<boolean> {
  const handle = await orWhenMissing(open(path, 'r'), undefined);
  if (handle === undefined) return false;
  try {
    return (await handle.readFile()).equals(bytes);
  } finally {
    await handle.close();
  }
}

function isBlockName(name: string): boolean {
  try {
    return CID.parse(name).toString() === name;
  } catch {
    return false;
  }
}
