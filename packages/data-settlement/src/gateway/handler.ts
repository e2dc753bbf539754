import { type ContentReader, isEdmpError } from '@edmp/interface';
import { CID } from 'multiformats/cid';
import { isSupportedCid } from '../codec/cid.ts';
import { exportCar } from '../store/car.ts';

/** Options of {@link gatewayHandler}. */
export interface GatewayHandlerOptions {
  readonly store: ContentReader;
  /** Whether this request may read what hangs under `root`. Ciphertext is private too: there is no default. */
  readonly authorize: (root: CID, request: Request) => boolean | Promise<boolean>;
}

/** Media type of one block. */
export const RAW_TYPE = 'application/vnd.ipld.raw';
/** Media type of a CAR. */
export const CAR_TYPE = 'application/vnd.ipld.car';
const CAR_RESPONSE_TYPE = `${CAR_TYPE}; version=1; order=dfs; dups=n`;

type Format = 'raw' | 'car';

const plain = (status: number, text: string, headers: Record<string, string> = {}): Response =>
  new Response(`${text}\n`, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff', ...headers },
  });

/** Format that the client asked for: the query wins over the header. A string is the reason for a 400 or 406. */
function formatOf(url: URL, accept: string): Format | Response {
  const wanted = url.searchParams.get('format');
  if (wanted !== null) {
    return wanted === 'raw' || wanted === 'car'
      ? wanted
      : plain(406, 'Only format=raw and format=car are served: this gateway does not deserialise');
  }
  for (const range of accept.split(',')) {
    const [type, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    if (type === RAW_TYPE) return 'raw';
    if (type === CAR_TYPE) {
      const version = parameters.find((parameter) => parameter.startsWith('version='));
      return version === undefined || version === 'version=1'
        ? 'car'
        : plain(400, 'Only CAR version 1 is served');
    }
  }
  return plain(406, `Ask for ${RAW_TYPE} or ${CAR_TYPE}, by Accept header or ?format=raw|car`);
}

function parseCid(text: string): CID | undefined {
  try {
    return CID.parse(text);
  } catch {
    return undefined;
  }
}

function carStream(
  store: ContentReader,
  root: CID,
  first: Uint8Array,
  scope: 'all' | 'block',
): ReadableStream<Uint8Array> {
  const reader: ContentReader = { get: async (cid, o) => (cid.equals(root) ? first : store.get(cid, o)) };
  const sections = exportCar(reader, root, { scope })[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      // A block that is missing half-way ends the stream in error: the client sees a truncated CAR and refuses it.
      const next = await sections.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await sections.return?.();
    },
  });
}

/**
 * Serves `/ipfs/{cid}` as a trustless gateway (https://specs.ipfs.tech/http-gateways/trustless-gateway/): raw blocks
 * and CARs, GET and HEAD, verified by whoever asks. Paths below a CID are not resolved (400). Answers 404 alike for
 * what is absent and for what `authorize` refuses.
 */
export function gatewayHandler(options: GatewayHandlerOptions): (request: Request) => Promise<Response> {
  const { store, authorize } = options;
  return async (request) => {
    const url = new URL(request.url);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return plain(405, 'Only GET and HEAD are served', { allow: 'GET, HEAD' });
    }
    const match = /^\/ipfs\/([^/]+)\/?$/.exec(url.pathname);
    const cid = match?.[1] === undefined || match[1].length > 120 ? undefined : parseCid(match[1]);
    if (cid === undefined) return plain(400, 'Expected /ipfs/{cid} with a CID and no path below it');
    if (!isSupportedCid(cid))
      return plain(400, 'Only CIDv1 of raw or dag-cbor blocks with sha2-256 is served');
    const format = formatOf(url, request.headers.get('accept') ?? '');
    if (typeof format !== 'string') return format;
    const scope = url.searchParams.get('dag-scope') ?? 'all';
    if (!['block', 'entity', 'all'].includes(scope))
      return plain(400, 'Expected dag-scope block, entity or all');
    if (!(await authorize(cid, request))) return plain(404, `${cid} is not here`);

    const extent = scope === 'all' ? 'all' : 'block';
    const etag = format === 'raw' ? `"${cid}.raw"` : `W/"${cid}.car.${extent}"`;
    const headers = {
      'content-type': format === 'raw' ? RAW_TYPE : CAR_RESPONSE_TYPE,
      'content-disposition': `attachment; filename="${cid}.${format === 'raw' ? 'bin' : 'car'}"`,
      'cache-control': 'private, max-age=29030400, immutable',
      'x-content-type-options': 'nosniff',
      'x-ipfs-path': `/ipfs/${cid}`,
      'x-ipfs-roots': cid.toString(),
      etag,
    };
    const known = (request.headers.get('if-none-match') ?? '').split(',').map((tag) => tag.trim());
    if (known.includes(etag) || known.includes('*')) return new Response(null, { status: 304, headers });
    let first: Uint8Array;
    try {
      first = await store.get(cid, { signal: request.signal });
    } catch (error) {
      if (isEdmpError(error, 'ERR_CONTENT_NOT_FOUND')) return plain(404, `${cid} is not here`);
      return plain(502, isEdmpError(error) ? error.code : 'The block could not be read');
    }
    if (format === 'raw') {
      const length = { ...headers, 'content-length': `${first.length}` };
      return new Response(request.method === 'HEAD' ? null : first.slice(), { headers: length });
    }
    return new Response(request.method === 'HEAD' ? null : carStream(store, cid, first, extent), { headers });
  };
}
