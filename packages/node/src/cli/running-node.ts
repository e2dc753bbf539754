import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Where a node's API is when nothing else is known: the default port of `edmp start`. */
export const DEFAULT_URL = 'http://127.0.0.1:8080';

const urlFile = (folder: string): string => join(folder, 'url');
const pidFile = (folder: string): string => join(folder, 'node.pid');
/** Pause between two looks whether a node has started. */
const LOOK_MS = 100;

/**
 * Leaves the node's address in its data folder, with the process that it is of, so that other commands find it whatever
 * its port. Returns the undoing.
 */
export function announce(folder: string, url: string): () => void {
  writeFileSync(urlFile(folder), `${url}\n${process.pid}\n`, { mode: 0o600 });
  return () => rmSync(urlFile(folder), { force: true });
}

/** Process that runs on a data folder; undefined when none is alive. */
export function processOf(folder: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(pidFile(folder), 'utf8'), 10);
    if (!Number.isInteger(pid)) return undefined;
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EPERM' ? -1 : undefined;
  }
}

/**
 * Address that the node of a data folder announced; undefined when it does not run or has not said yet, so that the token
 * goes to nobody else: what a process that was killed left there may be somebody else's by now.
 */
export function announcedUrl(folder: string): string | undefined {
  const pid = processOf(folder);
  if (pid === undefined) return undefined;
  try {
    const [url = '', of] = readFileSync(urlFile(folder), 'utf8').split('\n');
    const isOwn = readFileSync(pidFile(folder), 'utf8').trim() === of;
    return isOwn && URL.canParse(url) ? url : undefined;
  } catch {
    return undefined;
  }
}

/** Waits until the node of a data folder has announced its address; undefined when it ends or `forMs` pass before. */
export async function awaitedUrl(folder: string, forMs: number): Promise<string | undefined> {
  const until = performance.now() + forMs;
  for (;;) {
    const url = announcedUrl(folder);
    if (url !== undefined || processOf(folder) === undefined || performance.now() > until) return url;
    await pause(LOOK_MS);
  }
}
