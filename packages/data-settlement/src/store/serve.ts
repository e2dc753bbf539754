import {
  type ContentReader,
  concatBytes,
  isEdmpError,
  type Network,
  type PublicKey,
  throwIfAborted,
} from '@edmp/interface';
import type { CID } from 'multiformats/cid';
import {
  CONTENT_PROTOCOL,
  decodeContentRequest,
  FrameStatus,
  MAX_CONTENT_REQUEST_BYTES,
} from './content-protocol.ts';
import { linksOf } from './links.ts';

/** Options of {@link serveContent}. */
export interface ServeContentOptions {
  readonly network: Pick<Network, 'handle'>;
  readonly store: ContentReader;
  /** Whether `peer` may have the manifest `root` and what it links to. */
  readonly authorize: (peer: PublicKey, root: CID) => Promise<boolean>;
}

const UNAVAILABLE = Uint8Array.of(FrameStatus.unavailable);
const BLOCK = Uint8Array.of(FrameStatus.block);

/**
 * Serves `/edmp/content/1` until the returned function is called. A peer gets a manifest that it is authorised for
 * and the blocks that the manifest links to; everything else, existing or not, gets the same answer.
 */
export function serveContent(options: ServeContentOptions): () => void {
  const { network, store, authorize } = options;
  const read = async (cid: CID, signal: AbortSignal): Promise<Uint8Array | undefined> => {
    try {
      return await store.get(cid, { signal });
    } catch (error) {
      if (isEdmpError(error) && error.code.startsWith('ERR_CONTENT_')) return undefined;
      throw error;
    }
  };
  return network.handle(
    CONTENT_PROTOCOL,
    async function* (request) {
      const { root, want } = decodeContentRequest(request.body);
      const manifest = (await authorize(request.from, root)) ? await read(root, request.signal) : undefined;
      const allowed = new Set<string>();
      if (manifest !== undefined) {
        allowed.add(root.toString());
        for (const link of linksOf(root, manifest)) allowed.add(link.toString());
      }
      for (const cid of want) {
        throwIfAborted(request.signal);
        const bytes = allowed.has(cid.toString()) ? await read(cid, request.signal) : undefined;
        yield bytes === undefined ? UNAVAILABLE : concatBytes(BLOCK, bytes);
      }
    },
    { maxRequestBytes: MAX_CONTENT_REQUEST_BYTES, maxConcurrentPerPeer: 8 },
  );
}
