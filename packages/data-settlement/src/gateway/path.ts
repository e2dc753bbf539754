import { CODEC_DAG_CBOR, type ContentReader, isEdmpError, type TxValue } from '@edmp/interface';
import { decodeCanonical } from '@edmp/interface/format';
import { CID } from 'multiformats/cid';
import { ContentError } from '../errors.ts';

/** Where a path leads. */
export interface ResolvedPath {
  /** Blocks that were read on the way to {@link ResolvedPath.end}, from the top. */
  readonly above: readonly CID[];
  /** The block that the path ends at or in. */
  readonly end: CID;
  readonly bytes: Uint8Array;
  /** Links of the value inside the block that the path ends at; null: it ends at the block itself. */
  readonly within: readonly CID[] | null;
}

const noSuchPath = (name: string, cid: CID): ContentError =>
  new ContentError('ERR_CONTENT_NOT_FOUND', `There is no ${JSON.stringify(name.slice(0, 80))} in ${cid}`);

/**
 * Follows `path` from `root` through maps, lists and links of dag-cbor blocks, each read from `store`.
 * Throws `ERR_CONTENT_NOT_FOUND` for a name that is not there and what `store.get` throws.
 */
export async function resolvePath(
  store: ContentReader,
  root: CID,
  path: readonly string[],
  options: { readonly signal: AbortSignal; readonly follow: (cid: CID) => boolean | Promise<boolean> },
): Promise<ResolvedPath> {
  const above: CID[] = [];
  let end = root;
  let bytes = await store.get(end, { signal: options.signal });
  if (path.length === 0) return { above, end, bytes, within: null };
  let value: TxValue = decoded(end, bytes, path[0] ?? '');
  let atBlock = true;
  for (const name of path) {
    const link = linkOf(value);
    if (link !== null) {
      ({ end, bytes } = await step(store, above, end, link, name, options));
      value = decoded(end, bytes, name);
    }
    value = child(value, name, end);
    atBlock = false;
  }
  const last = linkOf(value);
  if (last !== null) {
    ({ end, bytes } = await step(store, above, end, last, path.at(-1) ?? '', options));
    atBlock = true;
  }
  return { above, end, bytes, within: atBlock ? null : linksWithin(value) };
}

async function step(
  store: ContentReader,
  above: CID[],
  from: CID,
  to: CID,
  name: string,
  options: { readonly signal: AbortSignal; readonly follow: (cid: CID) => boolean | Promise<boolean> },
): Promise<{ readonly end: CID; readonly bytes: Uint8Array }> {
  if (!(await options.follow(to))) throw noSuchPath(name, from);
  above.push(from);
  return { end: to, bytes: await store.get(to, { signal: options.signal }) };
}

const linkOf = (value: TxValue): CID | null => (typeof value === 'object' ? CID.asCID(value) : null);

function decoded(cid: CID, bytes: Uint8Array, name: string): TxValue {
  if (cid.code !== CODEC_DAG_CBOR) throw noSuchPath(name, cid);
  try {
    return decodeCanonical(bytes);
  } catch (error) {
    if (isEdmpError(error)) throw noSuchPath(name, cid);
    throw error;
  }
}

function child(value: TxValue, name: string, cid: CID): TxValue {
  let found: TxValue | undefined;
  if (Array.isArray(value)) {
    found = /^(0|[1-9]\d{0,8})$/.test(name) ? value[Number(name)] : undefined;
  } else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
    found = Object.hasOwn(value, name) ? (value as Readonly<Record<string, TxValue>>)[name] : undefined;
  }
  if (found === undefined) throw noSuchPath(name, cid);
  return found;
}

function linksWithin(value: TxValue): readonly CID[] {
  const links: CID[] = [];
  const waiting: TxValue[] = [value];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const link = linkOf(next);
    if (link !== null) links.push(link);
    else if (typeof next === 'object' && next !== null && !(next instanceof Uint8Array)) {
      waiting.push(...Object.values(next as Readonly<Record<string, TxValue>>).reverse());
    }
  }
  return links;
}
