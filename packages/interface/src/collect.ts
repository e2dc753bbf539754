import { EdmpError } from './errors.ts';

/** The only frame of a response. Throws `ERR_NETWORK_PROTOCOL` when there is none or more than one. */
export async function singleFrame(frames: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  let only: Uint8Array | undefined;
  for await (const frame of frames) {
    if (only !== undefined)
      throw new EdmpError('ERR_NETWORK_PROTOCOL', 'Expected one response frame, got more');
    only = frame;
  }
  if (only === undefined)
    throw new EdmpError('ERR_NETWORK_PROTOCOL', 'Expected one response frame, got none');
  return only;
}
