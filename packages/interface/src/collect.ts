import { EdmpError } from './errors.ts';

/** Name of the method of {@link OnlyFrame}. */
export const ONLY_FRAME: unique symbol = Symbol.for('@edmp/interface/only-frame');

/** Frames of a response that hand over the only one without an iterator, where that is cheaper. */
export interface OnlyFrame {
  /** As {@link singleFrame}. */
  [ONLY_FRAME](): Promise<Uint8Array>;
}

/**
 * The only frame of a response. Throws `ERR_NETWORK_PROTOCOL` when there is none or more than one.
 *
 * @param frames - A response as `Network.request` gives it.
 */
export function singleFrame(frames: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const cheaper = frames as Partial<OnlyFrame>;
  return cheaper[ONLY_FRAME] === undefined ? iterated(frames) : cheaper[ONLY_FRAME]();
}

async function iterated(frames: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
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
