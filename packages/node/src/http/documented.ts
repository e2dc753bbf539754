import type { NamedOperation } from '../api/contract.ts';
import { statusOfCode } from './failure.ts';

/** What each status of a refusal means. */
export const STATUS_TEXT: Readonly<Record<number, string>> = {
  400: 'The request is malformed',
  401: 'The token is missing or wrong',
  403: 'Host or Origin is not allowed, or the owner has not agreed to it',
  404: 'No such thing',
  406: 'The caller takes no kind of answer that there is',
  408: 'The body did not arrive in time',
  409: 'The state of the node does not allow it',
  413: 'The body is too large',
  415: 'The body is of another media type',
  422: 'Refused, or an Idempotency-Key came with another request',
  429: 'Too busy',
  500: 'The node failed',
  502: 'A meter or peer failed',
  503: 'Not now: try again',
  504: 'It took too long',
};

const EVERY = [400, 403, 406, 500, 503, 504];
const OF_BODY = [408, 413, 415];
/** Whatever is signed or stored may be refused by the rules, or wait for others. */
const OF_WRITE = [404, 409, 422, 429, 502];

/** Statuses that an operation may refuse with, and the codes of its own for each. */
export function refusalsOf(operation: NamedOperation): ReadonlyMap<number, readonly string[]> {
  const codes = new Map<number, string[]>(EVERY.map((status) => [status, []]));
  const add = (statuses: readonly number[]): void => {
    for (const status of statuses) if (!codes.has(status)) codes.set(status, []);
  };
  if (operation.access !== 'public') add([401]);
  if (operation.path.includes('{')) add([404]);
  if (operation.body !== undefined || operation.upload !== undefined) add(OF_BODY);
  if (operation.access === 'write' || operation.method !== 'get') add(OF_WRITE);
  if (operation.path.startsWith('/v1/meters')) add([409, 422, 502]);
  // What is not in a state to be shown, or is to be asked of others.
  if (operation.path.startsWith('/v1/trades/')) add([409, 422, 502]);
  for (const code of operation.errors) {
    const status = operation.upload !== undefined && code.startsWith('ERR_METER_') ? 422 : statusOfCode(code);
    codes.set(status, [...(codes.get(status) ?? []), code]);
  }
  return new Map([...codes].sort(([a], [b]) => a - b));
}
