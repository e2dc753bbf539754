import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isEdmpError } from '@edmp/interface';
import { boundedMap } from '@edmp/interface/bounded';
import { MeterError } from '@edmp/oehu-client';
import type { FeedParts, FeedSink, MeterFeed } from '../feed.ts';
import { readPlainFile } from './plain-file.ts';
import { eachRound } from './rounds.ts';

const DEFAULT_SECONDS = 10;
/** A portal's export a day for some years. */
const MAX_FILES = 2_000;
const MAX_BYTES = 64 << 20;
/** A file that nobody wrote to for so long is whole. */
const STEADY_MS = 60_000;

interface Found {
  readonly path: string;
  readonly name: string;
  /** Changes with the file. */
  readonly mark: string;
  readonly changed: number;
}

/**
 * A folder that meter files are put into: each is read once it stands still from one look to the next, the oldest
 * first, and again when it changed. Files whose names begin with a dot and what lies in further folders are left alone.
 */
export function folderFeed({ settings, environment, zone, reader }: FeedParts): MeterFeed {
  const folder = settings.address ?? '';
  const read = boundedMap<string, string>({ max: MAX_FILES });
  return {
    async run(sink, signal) {
      let before = new Map<string, string>();
      await eachRound(environment, (settings.every ?? DEFAULT_SECONDS) * 1000, signal, async () => {
        const found = await list(folder);
        for (const file of found) {
          if (signal.aborted) return;
          // A file that is still being written changes until the next look.
          const isOld = environment.now() - file.changed >= STEADY_MS;
          if ((!isOld && before.get(file.name) !== file.mark) || read.get(file.name) === file.mark) continue;
          await take(file, { zone, reader, sink, signal });
          read.set(file.name, file.mark);
        }
        await sink.readings([]);
        before = new Map(found.map(({ name, mark }) => [name, mark]));
      });
    },
  };
}

async function list(folder: string): Promise<readonly Found[]> {
  let names: readonly string[];
  try {
    names = (await readdir(folder, { withFileTypes: true }))
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
      .map(({ name }) => name);
  } catch (cause) {
    throw new MeterError(
      'ERR_METER_UNREACHABLE',
      `The folder ${folder} cannot be read: ${(cause as Error).message}`,
      {
        cause,
        retryable: true,
      },
    );
  }
  if (names.length > MAX_FILES)
    throw new MeterError(
      'ERR_METER_LIMIT',
      `${folder} has more than ${MAX_FILES} files; move the old ones away`,
    );
  const found: Found[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const state = await lstat(path).catch(() => undefined);
    if (state !== undefined)
      found.push({
        path,
        name,
        mark: `${state.size} ${state.mtimeMs}`,
        changed: Math.trunc(state.mtimeMs),
      });
  }
  return found.sort((a, b) => a.changed - b.changed || (a.name < b.name ? -1 : 1));
}

interface TakeParts extends Pick<FeedParts, 'zone' | 'reader'> {
  readonly sink: FeedSink;
  readonly signal: AbortSignal;
}

async function take(
  { path, name, changed }: Found,
  { zone, reader, sink, signal }: TakeParts,
): Promise<void> {
  try {
    const bytes = await readPlainFile(path, MAX_BYTES);
    const how = { receivedAt: changed, zone, maxBytes: MAX_BYTES };
    await reader.read(
      bytes,
      how,
      async ({ issues, readings }) => {
        for (const issue of issues.slice(0, 1)) sink.damaged(`${name}: ${issue.at}: ${issue.message}`);
        for await (const some of readings) await sink.readings(some);
      },
      { signal },
    );
  } catch (error) {
    if (isEdmpError(error, 'ERR_METER_STORE') || signal.aborted) throw error;
    // One file that cannot be read hides no other.
    sink.damaged(`${name}: ${(error as Error).message}`);
  }
}
