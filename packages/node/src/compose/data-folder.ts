import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { bytesToHex, type Environment, hexToBytes } from '@edmp/interface';
import { NodeError } from './errors.ts';

/** Files of one node. */
export interface DataFolder extends Disposable {
  readonly path: string;
  /** 32-byte ed25519 seed of the node's identity. */
  readonly secretKey: Uint8Array;
  /** Token that authorises writes over HTTP, 43 base64url characters. */
  readonly token: string;
  /** SQLite file of the block store. */
  readonly chainFile: string;
  /** SQLite file of trade records and secrets. */
  readonly recordsFile: string;
  /** SQLite file of the notary's and witness's statements and keys. It belongs into no backup: a copy of it could say the opposite. */
  readonly notaryFile: string;
  /** SQLite file of what the practice neighbour's witness said, and of its keys. */
  readonly practiceFile: string;
  /** SQLite file of the recorded meter readings. */
  readonly readingsFile: string;
  /** How the meters are mounted, with their tokens. */
  readonly metersFile: string;
  /** The communities that the node is in, a line each. */
  readonly communitiesFile: string;
  /** Folder of the content store. */
  readonly contentDir: string;
  /** Folder of what everybody may have. */
  readonly publishedDir: string;
  /** Releases the folder for another process. */
  close(): void;
}

/** Writes a private file so that a crash leaves either the old or the new content. */
export function writePrivate(path: string, text: string): void {
  const temporary = `${path}.new`;
  const file = openSync(temporary, 'w', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}

/** Databases of a node that are there from its first start on. */
const DATABASES = ['chain.sqlite', 'records.sqlite', 'readings.sqlite', 'practice.sqlite'] as const;

/**
 * Makes a database that only its owner may read, whatever the folder lets others do, and takes one that others could read
 * away from them. SQLite gives the files beside it the same permissions.
 */
export function keepPrivate(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
    if ((mode & 0o077) !== 0) chmodSync(file, 0o600);
  }
}

function readOrCreate(path: string, create: () => string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const text = create();
    writePrivate(path, `${text}\n`);
    return text;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Two processes on one chain would fork it, so a folder serves one live process at a time. */
function lock(path: string): () => void {
  const file = join(path, 'node.pid');
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const handle = openSync(file, 'wx', 0o600);
      writeSync(handle, String(process.pid));
      closeSync(handle);
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
      if (Number.isInteger(pid) && pid !== process.pid && isAlive(pid)) {
        throw new NodeError(
          'ERR_NODE_DATA',
          `The data folder ${path} is in use by process ${pid}; stop it or choose another --data folder`,
        );
      }
      rmSync(file, { force: true });
    }
  }
  throw new NodeError('ERR_NODE_DATA', `The data folder ${path} is being opened by another process`);
}

/** Makes a folder and those above it. Node's own recursive mkdir never returns where the system refuses with ENOENT, as in /proc. */
function makeFolder(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return;
  if (found !== undefined)
    throw new NodeError('ERR_NODE_DATA', `The data folder cannot be used: ${path} is a file`);
  if (dirname(path) !== path) makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/**
 * Opens a node's data folder, creating it, its identity and its token on first use, and locks it.
 *
 * Throws `ERR_NODE_DATA` when the folder cannot be used or another live process holds it.
 */
export function openDataFolder(path: string, environment: Environment): DataFolder {
  try {
    makeFolder(path);
    const close = lock(path);
    try {
      const seed = readOrCreate(join(path, 'identity.key'), () => bytesToHex(environment.randomBytes(32)));
      if (!/^[0-9a-f]{64}$/.test(seed)) {
        throw new NodeError(
          'ERR_NODE_DATA',
          `${join(path, 'identity.key')} should hold 64 hexadecimal characters; restore it from your backup`,
        );
      }
      const token = readOrCreate(join(path, 'token'), () =>
        Buffer.from(environment.randomBytes(32)).toString('base64url'),
      );
      for (const name of ['content', 'published'])
        mkdirSync(join(path, name), { recursive: true, mode: 0o700 });
      for (const name of DATABASES) keepPrivate(join(path, name));
      return {
        path,
        secretKey: hexToBytes(seed),
        token,
        chainFile: join(path, 'chain.sqlite'),
        recordsFile: join(path, 'records.sqlite'),
        notaryFile: join(path, 'notary.sqlite'),
        practiceFile: join(path, 'practice.sqlite'),
        readingsFile: join(path, 'readings.sqlite'),
        metersFile: join(path, 'meters.json'),
        communitiesFile: join(path, 'communities'),
        contentDir: join(path, 'content'),
        publishedDir: join(path, 'published'),
        close,
        [Symbol.dispose]: close,
      };
    } catch (error) {
      close();
      throw error;
    }
  } catch (error) {
    if (error instanceof NodeError) throw error;
    throw new NodeError(
      'ERR_NODE_DATA',
      `The data folder ${path} cannot be used: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
