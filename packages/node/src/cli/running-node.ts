import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where a node's API is when nothing else is known: the default port of `edmp start`. */
export const DEFAULT_URL = 'http://127.0.0.1:8080';

const urlFile = (folder: string): string => join(folder, 'url');

/** Leaves the node's address in its data folder, so that other commands find it whatever its port. Returns the undoing. */
export function announce(folder: string, url: string): () => void {
  writeFileSync(urlFile(folder), `${url}\n`, { mode: 0o600 });
  return () => rmSync(urlFile(folder), { force: true });
}

/** Process that runs on a data folder; undefined when none is alive. */
export function processOf(folder: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(join(folder, 'node.pid'), 'utf8'), 10);
    if (!Number.isInteger(pid)) return undefined;
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EPERM' ? -1 : undefined;
  }
}

/** Address that the node of a data folder announced; undefined when it does not run, so that the token goes to nobody else. */
export function announcedUrl(folder: string): string | undefined {
  if (processOf(folder) === undefined) return undefined;
  try {
    const url = readFileSync(urlFile(folder), 'utf8').trim();
    return URL.canParse(url) ? url : undefined;
  } catch {
    return undefined;
  }
}
