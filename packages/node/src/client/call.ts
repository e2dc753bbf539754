import { type AbortOptions, EdmpError, type Environment } from '@edmp/interface';
import * as z from 'zod';
import type { NamedOperation } from '../api/contract.ts';
import { amount, bytes } from '../http/codecs.ts';
import { parseAnswer, type Transport } from './transport.ts';

/**
 * Calls one operation of a node with the arguments of its method. Throws the node's refusals, and `ERR_HTTP_RESPONSE` for
 * an answer that is none of a node.
 */
export async function callOperation(
  operation: NamedOperation,
  args: readonly unknown[],
  transport: Transport,
  environment: Environment,
): Promise<unknown> {
  const { params, query, body, file } = operation.parts(...args);
  const path =
    operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params?.[name] ?? '')) +
    queryText(query);
  const abort = abortOf(args);
  if (operation.isFileOnly) return transport.pieces(path, abort);
  const headers: Record<string, string> = { Accept: 'application/json' };
  const init: RequestInit = { method: operation.method.toUpperCase(), headers };
  if (file !== undefined) {
    headers['Content-Type'] = 'application/octet-stream';
    init.body = new Uint8Array(file);
  } else if (body !== undefined) {
    headers['Content-Type'] = 'application/json';
    headers['Idempotency-Key'] = randomKey(environment);
    init.body = JSON.stringify(body, jsonPart);
  }
  const answer = operation.response.safeParse(parseAnswer(await transport.text(path, init, abort)));
  if (answer.success) return operation.unwrap(answer.data);
  throw new EdmpError('ERR_HTTP_RESPONSE', `The answer to ${operation.path} is not one of an EDMP node`, {
    cause: answer.error,
  });
}

/** The options stand last, and only they have a signal. */
function abortOf(args: readonly unknown[]): AbortOptions {
  const last = args.at(-1);
  if (typeof last !== 'object' || last === null || !('signal' in last)) return {};
  return last.signal instanceof AbortSignal ? { signal: last.signal } : {};
}

function jsonPart(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return z.encode(amount, value);
  return value instanceof Uint8Array ? z.encode(bytes, value) : value;
}

function queryText(query: object | undefined): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

function randomKey(environment: Environment): string {
  return Array.from(environment.randomBytes(16), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
