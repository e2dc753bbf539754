import { readFile, stat } from 'node:fs/promises';
import { NodeError } from '../compose/errors.ts';

/** Bytes of a file, of a URL, or of stdin (`-`), with the moment that they were taken, ms since the epoch. */
export interface TakenBytes {
  readonly bytes: Uint8Array;
  readonly takenAt: number;
}

const MAX_BYTES = 256 << 20;
const TIMEOUT_MS = 30_000;

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > MAX_BYTES)
      throw new NodeError('ERR_NODE_CONFIG', `More than ${MAX_BYTES} bytes are not read`);
    parts.push(chunk);
  }
  return new Uint8Array(Buffer.concat(parts));
}

async function fetchUrl(url: string): Promise<TakenBytes> {
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' });
    if (!response.ok || response.body === null) throw new Error(`it answered with status ${response.status}`);
    return { bytes: await collect(response.body), takenAt: Date.now() };
  } catch (cause) {
    if (cause instanceof NodeError) throw cause;
    const why =
      cause instanceof Error
        ? cause.cause instanceof Error
          ? cause.cause.message
          : cause.message
        : String(cause);
    throw new NodeError('ERR_NODE_NOT_FOUND', `${url} cannot be read: ${why}`, { cause });
  }
}

/** Whether a command line names a URL rather than a file. */
export const isUrl = (source: string): boolean => /^https?:\/\//i.test(source);

/** Takes the bytes that a command line names. Throws `ERR_NODE_NOT_FOUND` when they cannot be read, `ERR_NODE_CONFIG` when they are too many. */
export async function takeBytes(source: string): Promise<TakenBytes> {
  if (source === '-') return { bytes: await collect(process.stdin), takenAt: Date.now() };
  if (isUrl(source)) return fetchUrl(source);
  try {
    const { size, mtimeMs } = await stat(source);
    if (size > MAX_BYTES) throw new NodeError('ERR_NODE_CONFIG', `More than ${MAX_BYTES} bytes are not read`);
    return { bytes: await readFile(source), takenAt: Math.trunc(mtimeMs) };
  } catch (cause) {
    if (cause instanceof NodeError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : message;
    throw new NodeError('ERR_NODE_NOT_FOUND', `${source} cannot be read: ${why}`, { cause });
  }
}
