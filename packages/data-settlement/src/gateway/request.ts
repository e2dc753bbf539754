import { CID } from 'multiformats/cid';

/** Media type of one block. */
export const RAW_TYPE = 'application/vnd.ipld.raw';
/** Media type of a CAR. */
export const CAR_TYPE = 'application/vnd.ipld.car';

/** Longest content path, characters: a walk of some hundred links by short names. */
const MAX_PATH_LENGTH = 2048;
/** Most names below a CID. Each may cost a read. */
const MAX_SEGMENTS = 128;

/** What part of what hangs under the end of a path is wanted. */
export type DagScope = 'block' | 'entity' | 'all';

/** A range of bytes of an entity, both ends included; negative ones count from its end. */
export interface EntityBytes {
  readonly from: number;
  /** Last byte; null: the end. */
  readonly to: number | null;
}

/** A request that is well formed. */
export interface GatewayRequest {
  readonly cid: CID;
  /** Names below the CID. */
  readonly path: readonly string[];
  readonly format: 'raw' | 'car';
  /** Whether the URL names the format, so that caches need not look at `Accept`. */
  readonly named: boolean;
  /** Of a CAR: whether a block comes as often as the walk meets it. */
  readonly duplicates: boolean;
  readonly scope: DagScope;
  readonly entityBytes: EntityBytes | null;
}

/** Why a request is not served: a status and words for whoever reads them. */
export interface Refusal {
  readonly status: 400 | 404 | 406;
  readonly text: string;
}

/** Whether it is a {@link Refusal}. */
export function isRefusal(value: object): value is Refusal {
  return 'status' in value;
}

const refuse = (status: Refusal['status'], text: string): Refusal => ({ status, text });

/** A wanted format with its CAR parameters as they came. */
interface Wanted {
  readonly format: 'raw' | 'car';
  readonly version: string | null;
  readonly order: string | null;
  readonly dups: string | null;
}

/** Reads `GET /ipfs/{cid}[/{path}]` as the trustless gateway specification has it. */
export function parseGatewayRequest(url: URL, accept: string | null): GatewayRequest | Refusal {
  const where = parsePath(url.pathname);
  if (isRefusal(where)) return where;
  const wanted = formatOf(url.searchParams, accept);
  if (isRefusal(wanted)) return wanted;
  const named = url.searchParams.has('format');
  if (wanted.format === 'raw') {
    return where.path.length > 0
      ? refuse(400, 'A raw block is asked for by its CID, without a path below it')
      : { ...where, format: 'raw', named, duplicates: false, scope: 'block', entityBytes: null };
  }
  const scope = scopeOf(url.searchParams);
  if (typeof scope === 'object' && isRefusal(scope)) return scope;
  return { ...where, format: 'car', named, duplicates: wanted.dups === 'y', ...scope };
}

function parsePath(pathname: string): Pick<GatewayRequest, 'cid' | 'path'> | Refusal {
  if (pathname.length > MAX_PATH_LENGTH)
    return refuse(400, `A path has at most ${MAX_PATH_LENGTH} characters`);
  const [empty, namespace, text = '', ...rest] = pathname.split('/');
  if (empty !== '' || namespace !== 'ipfs') return refuse(404, 'Only /ipfs/{cid} is served');
  if (rest.at(-1) === '') rest.pop();
  if (rest.length > MAX_SEGMENTS) return refuse(400, `A path has at most ${MAX_SEGMENTS} names`);
  try {
    const path = rest.map(decodeURIComponent);
    if (!path.includes('') && text.length <= 120) return { cid: CID.parse(text), path };
  } catch {
    // Neither a CID nor well-formed escapes.
  }
  return refuse(400, 'Expected /ipfs/{cid}, with a CID and well-formed names below it');
}

/** The query wins over the header, whose preferences are tried by their weight. */
function formatOf(query: URLSearchParams, accept: string | null): Wanted | Refusal {
  const format = query.get('format');
  const given = {
    version: query.get('car-version'),
    order: query.get('car-order'),
    dups: query.get('car-dups'),
  };
  if (format !== null) {
    if (format !== 'raw' && format !== 'car')
      return refuse(406, 'Only format=raw and format=car are served: this gateway does not deserialise');
    return acceptable({ ...(format === 'car' ? carPreference(accept, given) : given), format });
  }
  if (accept === null || accept.trim() === '')
    return refuse(400, `Say what is wanted: ?format=raw|car, or Accept: ${RAW_TYPE} or ${CAR_TYPE}`);
  let why = refuse(406, `Only ${RAW_TYPE} and ${CAR_TYPE} are served: this gateway does not deserialise`);
  for (const preference of preferences(accept)) {
    const answer = acceptable({ ...preference, ...definedOf(given) });
    if (!isRefusal(answer)) return answer;
    why = answer;
  }
  return why;
}

type CarParameters = Omit<Wanted, 'format'>;

const definedOf = (given: CarParameters): Partial<CarParameters> =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));

/** CAR parameters of `Accept` where the query has none. */
function carPreference(accept: string | null, given: CarParameters): CarParameters {
  const car = preferences(accept ?? '').filter(({ format }) => format === 'car');
  const all = car.map((preference) => ({ ...preference, ...definedOf(given) }));
  return all.find((preference) => !isRefusal(acceptable(preference))) ?? all[0] ?? given;
}

function acceptable(wanted: Wanted): Wanted | Refusal {
  const { format, version, order, dups } = wanted;
  if (format === 'raw') return wanted;
  if (version !== null && version !== '1') return refuse(406, 'Only CAR version 1 is served');
  if (order !== null && order !== 'dfs' && order !== 'unk')
    return refuse(406, 'Only the CAR orders dfs and unk are served');
  if (dups !== null && dups !== 'y' && dups !== 'n') return refuse(406, 'CAR duplicates are y or n');
  return wanted;
}

/** The formats of an `Accept` header that are known here, the most wanted first. */
function preferences(accept: string): readonly Wanted[] {
  const found: (Wanted & { readonly weight: number })[] = [];
  for (const item of accept.slice(0, 4096).split(',')) {
    const [type, ...rest] = item.split(';').map((part) => part.trim().toLowerCase());
    const format = type === RAW_TYPE ? 'raw' : type === CAR_TYPE ? 'car' : undefined;
    if (format === undefined) continue;
    const parameter = (name: string): string | null =>
      rest
        .find((part) => part.startsWith(`${name}=`))
        ?.slice(name.length + 1)
        .replaceAll('"', '') ?? null;
    const weight = Number(parameter('q') ?? 1);
    if (!(weight > 0)) continue;
    found.push({
      format,
      weight,
      version: parameter('version'),
      order: parameter('order'),
      dups: parameter('dups'),
    });
  }
  return found.sort((a, b) => b.weight - a.weight);
}

function scopeOf(query: URLSearchParams): Pick<GatewayRequest, 'scope' | 'entityBytes'> | Refusal {
  const scope = query.get('dag-scope') ?? 'all';
  if (scope !== 'block' && scope !== 'entity' && scope !== 'all')
    return refuse(400, 'Expected dag-scope block, entity or all');
  const bytes = query.get('entity-bytes');
  if (bytes === null) return { scope, entityBytes: null };
  const [, from, to] = /^(-?\d{1,15}):(-?\d{1,15}|\*)$/.exec(bytes) ?? [];
  if (from === undefined || to === undefined)
    return refuse(400, 'Expected entity-bytes=from:to, with whole numbers or * as the end');
  return { scope: 'entity', entityBytes: { from: Number(from), to: to === '*' ? null : Number(to) } };
}
