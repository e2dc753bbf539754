import {
  CODEC_RAW,
  type ContentReader,
  type EdmpError,
  type Environment,
  isEdmpError,
} from '@edmp/interface';
import type { CID } from 'multiformats/cid';
import { isSupportedCid } from '../codec/cid.ts';
import { encodeCarHeader, exportCar } from '../store/car.ts';
import { type CarSlot, CarSlots } from './car-slots.ts';
import { type ResolvedPath, resolvePath } from './path.ts';
import { byteRangeOf } from './range.ts';
import {
  CAR_TYPE,
  type EntityBytes,
  type GatewayRequest,
  isRefusal,
  parseGatewayRequest,
  RAW_TYPE,
} from './request.ts';

/**
 * What a request may have of a block: `public` (anybody may), `private` (this one may), `refused`, or `gone`: it may,
 * and the block was erased for good.
 */
export type GatewayVerdict = 'public' | 'private' | 'refused' | 'gone';

/** Options of {@link gatewayHandler}. */
export interface GatewayHandlerOptions {
  readonly store: ContentReader;
  /**
   * Whether this request may read what hangs under `root`; `true` means `private`, `false` means `refused`. Ciphertext is
   * private too: there is no default.
   */
  readonly authorize: (
    root: CID,
    request: Request,
  ) => boolean | GatewayVerdict | Promise<boolean | GatewayVerdict>;
  /**
   * Whether a link below a root that may be read leads to something that may be read as well. What it refuses is left
   * out of CARs, and paths do not lead there. Default: everything under such a root.
   */
  readonly follow?: (cid: CID, request: Request) => boolean | Promise<boolean>;
  /**
   * CARs sent at the same time; more are answered with 429, unless one that is read too slowly (less than 16 KiB a second) or
   * whose client has more than others can give way: it breaks off then. Default 32.
   */
  readonly maxCars?: number;
  /** CARs sent at the same time to one client, where `clientOf` tells them apart. Default a quarter of `maxCars`. */
  readonly maxCarsPerClient?: number;
  /**
   * Names whoever asks, so that everybody gets a share: nothing that a client may choose at will. A capability is, unless it
   * was what gave access (`private`). Undefined when nobody knows. Default: nobody ever does.
   */
  readonly clientOf?: (request: Request, verdict: 'public' | 'private') => string | undefined;
  /** Tells how fast CARs are read. Default: none, and no CAR is too slow. */
  readonly environment?: Pick<Environment, 'now'>;
  /** Most block bytes of one CAR; a longer one breaks off. Default 1 GiB. */
  readonly maxCarBytes?: number;
}

const MAX_AGE = 29_030_400;
const EMPTY_IDENTITY_CID = 'bafkqaaa';
const DEFAULT_MAX_CAR_BYTES = 1 << 30;
/** Most CIDs in `X-Ipfs-Roots`: clients refuse headers above some kilobytes. */
const MAX_NAMED_ROOTS = 32;

const plain = (status: number, text: string, headers: Record<string, string> = {}): Response =>
  new Response(`${text}\n`, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff', ...headers },
  });

const notHere = (): Response => plain(404, 'This is not here, or not for you');

const carTypeOf = ({ duplicates }: GatewayRequest): string =>
  `${CAR_TYPE}; version=1; order=dfs; dups=${duplicates ? 'y' : 'n'}`;

/**
 * Serves `/ipfs/{cid}[/{path}]` as a trustless gateway (https://specs.ipfs.tech/http-gateways/trustless-gateway/): raw
 * blocks with ranges, and CARs with paths through dag-cbor, `dag-scope`, `entity-bytes` and the parameters of version 1;
 * GET and HEAD, verified by whoever asks. Never asks a network beyond `store`. Answers 404 alike for what is absent and
 * for what `authorize` refuses, 410 for what is gone, 406 for formats that are not served, 429 when too many CARs are
 * being sent.
 */
export function gatewayHandler(options: GatewayHandlerOptions): (request: Request) => Promise<Response> {
  const maxCars = options.maxCars ?? 32;
  const slots = new CarSlots({
    max: maxCars,
    maxPerClient: options.maxCarsPerClient ?? Math.max(1, Math.ceil(maxCars / 4)),
    environment: options.environment,
  });
  return async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return plain(405, 'Only GET and HEAD are served', { allow: 'GET, HEAD' });
    }
    const url = new URL(request.url);
    const wanted = parseGatewayRequest(url, request.headers.get('accept'));
    if (isRefusal(wanted)) return plain(wanted.status, wanted.text);
    if (wanted.cid.toString() === EMPTY_IDENTITY_CID && wanted.path.length === 0)
      return probeAnswer(wanted, request);
    if (!isSupportedCid(wanted.cid)) return notHere();
    const verdict = await options.authorize(wanted.cid, request);
    if (verdict === false || verdict === 'refused') return notHere();
    if (verdict === 'gone') return plain(410, 'This was erased');
    const isPublic = verdict === 'public';

    const found = await find(options, wanted, request);
    if (found instanceof Response) return found;
    const headers = headersOf(wanted, found, isPublic, url);
    const { etag = '' } = headers;
    if (matches(request.headers.get('if-none-match'), etag))
      return new Response(null, { status: 304, headers });
    if (wanted.format === 'raw') return rawAnswer(found.bytes, headers, request);
    if (request.method === 'HEAD') return new Response(null, { headers });
    const evicted = new AbortController();
    const client = options.clientOf?.(request, isPublic ? 'public' : 'private');
    const slot = slots.enter(client, (error) => evicted.abort(error));
    if (slot === undefined)
      return plain(429, 'Too many CARs are being sent: ask again', { 'retry-after': '1' });
    return new Response(carStream(options, wanted, found, request, slot, evicted.signal), { headers });
  };
}

/** An answer to the identity CID of nothing, by which clients find out whether this is a gateway. */
function probeAnswer(wanted: GatewayRequest, request: Request): Response {
  const isRaw = wanted.format === 'raw';
  const headers = {
    'content-type': isRaw ? RAW_TYPE : carTypeOf(wanted),
    'content-disposition': `attachment; filename="${EMPTY_IDENTITY_CID}.${isRaw ? 'bin' : 'car'}"`,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  };
  const body = isRaw ? new Uint8Array() : encodeCarHeader([wanted.cid]);
  return new Response(request.method === 'HEAD' || isRaw ? null : body.slice(), {
    headers: { ...headers, 'content-length': `${body.length}` },
  });
}

/** Where the request leads; a response when it leads nowhere. */
async function find(
  { store, follow }: GatewayHandlerOptions,
  { cid, path, entityBytes }: GatewayRequest,
  request: Request,
): Promise<ResolvedPath | Response> {
  try {
    const found = await resolvePath(store, cid, path, {
      signal: request.signal,
      follow: (link) => isSupportedCid(link) && (follow?.(link, request) ?? true),
    });
    if (entityBytes !== null && found.end.code === CODEC_RAW && isOutside(entityBytes, found.bytes.length))
      return plain(400, `The entity has ${found.bytes.length} bytes, none of them in the range asked for`);
    return found;
  } catch (error) {
    if (!isEdmpError(error)) return plain(500, 'The block could not be read');
    if (error.code !== 'ERR_CONTENT_NOT_FOUND') return plain(502, error.code);
    const cached = /(^|[\s,])only-if-cached($|[\s,])/i.test(request.headers.get('cache-control') ?? '');
    return cached ? plain(412, 'This is not held here') : notHere();
  }
}

const isOutside = ({ from, to }: EntityBytes, size: number): boolean => {
  const start = from < 0 ? Math.max(0, size + from) : from;
  const end = to === null ? size - 1 : to < 0 ? size + to : to;
  return size > 0 && (start >= size || end < 0);
};

function headersOf(
  wanted: GatewayRequest,
  found: ResolvedPath,
  isPublic: boolean,
  url: URL,
): Record<string, string> {
  const { cid, format, path, scope, duplicates, entityBytes } = wanted;
  const extent = entityBytes === null ? scope : `entity.${entityBytes.from}:${entityBytes.to ?? '*'}`;
  const below = path.map(encodeURIComponent).join('/');
  const roots = [...found.above, found.end].map(String);
  const name = url.pathname.split('/').at(-1) ?? '';
  return {
    'content-type': format === 'raw' ? RAW_TYPE : carTypeOf(wanted),
    'content-disposition': `attachment; filename="${found.end}.${format === 'raw' ? 'bin' : 'car'}"`,
    'cache-control': `${isPublic ? 'public' : 'private'}, max-age=${MAX_AGE}, immutable`,
    vary: 'accept, authorization',
    'x-content-type-options': 'nosniff',
    'accept-ranges': format === 'raw' ? 'bytes' : 'none',
    'x-ipfs-path': `/ipfs/${cid}${below === '' ? '' : `/${below}`}`,
    'x-ipfs-roots': roots.slice(0, MAX_NAMED_ROOTS).join(','),
    // Relative, so that it holds wherever the handler is mounted.
    ...(wanted.named || name === '' ? {} : { 'content-location': `${name}?${withFormat(url, format)}` }),
    etag:
      format === 'raw'
        ? `"${cid}.raw"`
        : `W/"${cid}.car.${extent}.${duplicates ? 'y' : 'n'}${below === '' ? '' : `.${below}`}"`,
  };
}

function withFormat(url: URL, format: string): string {
  const query = new URLSearchParams(url.search);
  query.set('format', format);
  return query.toString();
}

const weak = (tag: string): string => tag.trim().replace(/^W\//, '');

/** `If-None-Match` compares weakly (RFC 9110 §13.1.2). */
function matches(header: string | null, etag: string): boolean {
  const known = (header ?? '').split(',').map(weak);
  return known.includes(weak(etag)) || known.includes('*');
}

function rawAnswer(bytes: Uint8Array, headers: Record<string, string>, request: Request): Response {
  const condition = request.headers.get('if-range');
  const range =
    condition === null || condition.trim() === headers.etag
      ? byteRangeOf(request.headers.get('range'), bytes.length)
      : undefined;
  if (range === null) {
    return plain(416, `The block has ${bytes.length} bytes`, { 'content-range': `bytes */${bytes.length}` });
  }
  const part = range === undefined ? bytes : bytes.subarray(range.start, range.end);
  const partly: Record<string, string> =
    range === undefined ? {} : { 'content-range': `bytes ${range.start}-${range.end - 1}/${bytes.length}` };
  return new Response(request.method === 'HEAD' ? null : part.slice(), {
    status: range === undefined ? 200 : 206,
    headers: { ...headers, ...partly, 'content-length': `${part.length}` },
  });
}

function carStream(
  { store, follow, maxCarBytes }: GatewayHandlerOptions,
  wanted: GatewayRequest,
  found: ResolvedPath,
  request: Request,
  slot: CarSlot,
  evicted: AbortSignal,
): ReadableStream<Uint8Array> {
  const reader: ContentReader = {
    get: async (cid, o) => (cid.equals(found.end) ? found.bytes : store.get(cid, o)),
  };
  const controller = new AbortController();
  const sections = exportCar(reader, found.end, {
    scope: wanted.scope === 'all' ? 'all' : 'block',
    above: found.above,
    ...(found.within === null ? {} : { links: found.within }),
    duplicates: wanted.duplicates,
    maxBytes: maxCarBytes ?? DEFAULT_MAX_CAR_BYTES,
    follow: (cid) => isSupportedCid(cid) && (follow?.(cid, request) ?? true),
    signal: controller.signal,
  })[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    start(stream) {
      evicted.addEventListener('abort', () => {
        const error: EdmpError = evicted.reason;
        controller.abort(error);
        void Promise.resolve(sections.return?.()).catch(() => undefined);
        // What it waits for may never come; whoever reads hears of it at once.
        stream.error(error);
      });
    },
    async pull(stream) {
      try {
        // A block that is missing half-way ends the stream in error: the client sees a truncated CAR and refuses it.
        const next = await sections.next();
        if (evicted.aborted) return;
        if (next.done !== true) {
          slot.sent(next.value.length);
          return stream.enqueue(next.value);
        }
        slot.leave();
        stream.close();
      } catch (error) {
        slot.leave();
        throw error;
      }
    },
    async cancel() {
      slot.leave();
      controller.abort();
      await sections.return?.();
    },
  });
}
