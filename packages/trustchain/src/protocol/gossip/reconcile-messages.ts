import type { PublicKey, TxValue } from '@edmp/interface';
import { decodeCanonical, encodeCanonical } from '@edmp/interface/format';
import { ChainError } from '../../chain/errors.ts';
import type { ActivityPage, HeadName, ProofName } from './activity.ts';

/** Compares what two nodes know of cheats and of recently active authors. */
export const RECONCILE_PROTOCOL = '/edmp/tc/reconcile/1';

/** Most names in one page. */
export const PAGE_NAMES = 512;
/** Most proofs or blocks in one request. */
export const MAX_WANTED = 64;
/** Largest request, bytes. */
export const MAX_REQUEST_BYTES = 8_192;
/** Largest page, bytes. */
export const MAX_PAGE_BYTES = 65_536;
/** Length of the text that names one run of a node, bytes. */
export const EPOCH_BYTES = 8;

/** Asks for names after a cursor, or for proofs or blocks by name. */
export type ReconcileRequest =
  | {
      readonly part: 'names';
      /** The run that the cursor belongs to; empty at first. */
      readonly epoch: Uint8Array;
      readonly proofs: number;
      readonly heads: number;
    }
  | { readonly part: 'proofs'; readonly wanted: readonly ProofName[] }
  | { readonly part: 'blocks'; readonly wanted: readonly Uint8Array[] };

/** A page of names, and the run of the node that the cursor in it belongs to. */
export interface NamesPage extends ActivityPage {
  readonly epoch: Uint8Array;
}

const breach = (message: string, cause?: unknown): ChainError =>
  new ChainError('ERR_CHAIN_PROTOCOL', message, { cause });

const isCount = (value: TxValue | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const isBytes = (value: TxValue | undefined, length: number): value is Uint8Array =>
  value instanceof Uint8Array && value.length === length;
const isList = (value: TxValue | undefined, most: number): value is readonly TxValue[] =>
  Array.isArray(value) && value.length <= most;

function fieldsOf(bytes: Uint8Array, what: string): { readonly [key: string]: TxValue } {
  let value: TxValue;
  try {
    value = decodeCanonical(bytes);
  } catch (cause) {
    throw breach(`${what} is not canonical dag-cbor`, cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw breach(`${what} is a map`);
  return value as { readonly [key: string]: TxValue };
}

function proofName(item: TxValue): ProofName {
  if (isList(item, 2) && isBytes(item[0], 32) && isBytes(item[1], 32)) {
    return { author: item[0] as PublicKey, digest: item[1] };
  }
  throw breach('A proof is named by its author and digest');
}

function headName(item: TxValue): HeadName {
  if (isList(item, 3) && isBytes(item[0], 32) && isCount(item[1]) && item[1] > 0 && isBytes(item[2], 32)) {
    return { author: item[0] as PublicKey, seq: item[1], digest: item[2] };
  }
  throw breach('A head is named by its author, position and digest');
}

/** Canonical form of a {@link ReconcileRequest}. */
export function encodeReconcileRequest(request: ReconcileRequest): Uint8Array {
  if (request.part === 'names') {
    const { part, epoch, proofs, heads } = request;
    return encodeCanonical({ part, epoch, proofs, heads });
  }
  const wanted =
    request.part === 'proofs'
      ? request.wanted.map(({ author, digest }) => [author, digest])
      : request.wanted.slice();
  return encodeCanonical({ part: request.part, wanted });
}

/** {@link ReconcileRequest} of its canonical form. Throws `ERR_CHAIN_PROTOCOL`. */
export function decodeReconcileRequest(bytes: Uint8Array): ReconcileRequest {
  const { part, epoch, proofs, heads, wanted } = fieldsOf(bytes, 'A request to reconcile');
  if (part === 'names') {
    const isEpoch = isBytes(epoch, 0) || isBytes(epoch, EPOCH_BYTES);
    if (isEpoch && isCount(proofs) && isCount(heads)) return { part, epoch, proofs, heads };
  } else if (isList(wanted, MAX_WANTED)) {
    if (part === 'proofs') return { part, wanted: wanted.map(proofName) };
    if (part === 'blocks' && wanted.every((item) => isBytes(item, 32))) {
      return { part, wanted: wanted as readonly Uint8Array[] };
    }
  }
  throw breach('A request to reconcile asks for names after a cursor, or for proofs or blocks by name');
}

/** Canonical form of a {@link NamesPage}. */
export function encodeNamesPage(page: NamesPage): Uint8Array {
  return encodeCanonical({
    epoch: page.epoch,
    proofs: page.proofs.map(({ author, digest }) => [author, digest]),
    heads: page.heads.map(({ author, seq, digest }) => [author, seq, digest]),
    next: [page.next.proofs, page.next.heads],
    last: page.isLast,
  });
}

/** {@link NamesPage} of its canonical form. Throws `ERR_CHAIN_PROTOCOL`. */
export function decodeNamesPage(bytes: Uint8Array): NamesPage {
  const { epoch, proofs, heads, next, last } = fieldsOf(bytes, 'A page of names');
  if (
    isBytes(epoch, EPOCH_BYTES) &&
    isList(proofs, PAGE_NAMES) &&
    isList(heads, PAGE_NAMES) &&
    isList(next, 2) &&
    isCount(next[0]) &&
    isCount(next[1]) &&
    typeof last === 'boolean'
  ) {
    return {
      epoch,
      proofs: proofs.map(proofName),
      heads: heads.map(headName),
      next: { proofs: next[0], heads: next[1] },
      isLast: last,
    };
  }
  throw breach('A page of names is { epoch, proofs, heads, next, last }');
}
