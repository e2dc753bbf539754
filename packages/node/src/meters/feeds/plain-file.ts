import { constants, open } from 'node:fs/promises';
import { MeterError } from '@edmp/oehu-client';

/**
 * Bytes of a plain file in a folder that others may write to. What was put in its place since it was listed is not
 * followed and not waited for: no symbolic link, no pipe, no device. Throws `ERR_METER_LIMIT` for more than `maxBytes`,
 * `ERR_METER_FORMAT` for what is no plain file, and what the system says.
 */
export async function readPlainFile(path: string, maxBytes: number): Promise<Uint8Array> {
  // Windows has neither flag.
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  await using file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const state = await file.stat();
  if (!state.isFile()) throw new MeterError('ERR_METER_FORMAT', 'it is no plain file');
  if (state.size > maxBytes)
    throw new MeterError('ERR_METER_LIMIT', `more than ${maxBytes >> 20} MiB are not read`);
  // As many as it had: one that grows is looked at again.
  const bytes = new Uint8Array(state.size);
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}
