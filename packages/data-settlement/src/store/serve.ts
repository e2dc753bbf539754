import {
  type ContentReader,
  concatBytes,
  isEdmpError,
  type Network,
  type PublicKey,
  throwIfAborted,
} from '@edmp/interface';
import { boundedMap } from '@edmp/interface/bounded';
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

/**
 * Manifests whose links are kept at hand, some 1 MB for each of the longest: a delivery of 100 MB comes in 25 requests, each
 * of which would go through all of its 6 250 links.
 */
const KNOWN_ROOTS = 8;

/**
 * Blocks read at the same time for one request: as many of what nodes seal as are sent together. A peer that may read a
 * delivery can so have four megabytes of its largest blocks held here for each of its requests.
 */
const READS_AHEAD = 4;

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
  /** What hangs under a root never changes. */
  const known = boundedMap<string, ReadonlySet<string>>({ max: KNOWN_ROOTS });
  const under = (root: CID, manifest: Uint8Array): ReadonlySet<string> => {
    const name = root.toString();
    let names = known.get(name);
    if (names === undefined) {
      names = new Set([name, ...linksOf(root, manifest).map((link) => link.toString())]);
      known.set(name, names);
    }
    return names;
  };
  return network.handle(
    CONTENT_PROTOCOL,
    async function* (request) {
      const { root, want } = decodeContentRequest(request.body);
      const manifest = (await authorize(request.from, root)) ? await read(root, request.signal) : undefined;
      const allowed = manifest === undefined ? undefined : under(root, manifest);
      const reads: Promise<Uint8Array | undefined>[] = [];
      for (let sent = 0, begun = 0; sent < want.length; sent++) {
        throwIfAborted(request.signal);
        for (; begun < Math.min(want.length, sent + READS_AHEAD); begun++) {
          const cid = want[begun];
          const isAllowed = cid !== undefined && allowed?.has(cid.toString()) === true;
          const reading = isAllowed ? read(cid, request.signal) : Promise.resolve(undefined);
          // Heard of when it is its turn, or never.
          reading.catch(() => undefined);
          reads.push(reading);
        }
        const bytes = await reads.shift();
        yield bytes === undefined ? UNAVAILABLE : concatBytes(BLOCK, bytes);
      }
    },
    { maxRequestBytes: MAX_CONTENT_REQUEST_BYTES, maxConcurrentPerPeer: 8 },
  );
}
