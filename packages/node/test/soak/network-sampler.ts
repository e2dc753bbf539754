import { appendFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { sampleOf } from './memory-sample.ts';

/**
 * Loaded before a node of the network soak (`--expose-gc --import`): writes a line of what the process holds to the file
 * `log` of its address, every `every` milliseconds.
 */
const { searchParams } = new URL(import.meta.url);
const log = searchParams.get('log') ?? '';
const every = Number(searchParams.get('every'));

const look = (): void => {
  const { heap, rss, descriptors } = sampleOf(0, log);
  const { user, system } = process.cpuUsage();
  appendFileSync(
    log,
    `${JSON.stringify({ at: Date.now(), heap, rss, descriptors, cpuMs: Math.round((user + system) / 1_000) })}\n`,
  );
};
// Workers of the node are started with its flags, too.
if (isMainThread) setInterval(look, every).unref();
