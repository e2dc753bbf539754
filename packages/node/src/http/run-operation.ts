import { type AbortOptions, EdmpError, isEdmpError } from '@edmp/interface';
import { EXPORT_FILES } from '@edmp/oehu-client/export';
import * as z from 'zod';
import { contract, type NamedOperation } from '../api/contract.ts';
import type { Operation } from '../api/operation.ts';
import { DEAL_TYPE } from '../api/operations/trades.ts';
import type { DealView, DeliveryView, NodeService } from '../service.ts';
import { deliveryCsv } from './csv.ts';
import { HttpError } from './failure.ts';

/** What came with a request, not yet checked. */
export interface RawInput {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  /** The body as it came, of operations that take a file. */
  readonly file?: Uint8Array;
  /** Fires when nobody waits for the answer any more, of operations that take a file. */
  readonly signal?: AbortSignal;
}

/** A body other than JSON, e.g. a file. */
export interface FileAnswer {
  readonly contentType: string;
  readonly filename: string;
  /** In pieces when it is too large to be made at once. */
  readonly content: string | Uint8Array | AsyncIterable<Uint8Array>;
}

/** Checks one part of a request. Throws `ERR_HTTP_INPUT` (400) naming each field and what it should be. */
export function check(schema: z.ZodType, value: unknown, part: string): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const reasons = result.error.issues.slice(0, 8).map((issue) => {
    const where = [part, ...issue.path.map(String)].join('.');
    return `${where}: ${issue.message}`;
  });
  throw new HttpError(400, 'ERR_HTTP_INPUT', reasons.join('; ').slice(0, 1000));
}

/** Checks the input of an operation, calls the service's method, encodes what it gives. */
export async function runOperation(
  operation: NamedOperation,
  service: NodeService,
  input: RawInput,
): Promise<{ readonly json: unknown } | FileAnswer> {
  const received = {
    params: check(operation.params, input.params, 'path'),
    query: check(operation.query, input.query, 'query'),
    body: operation.body === undefined ? undefined : check(operation.body, input.body, 'body'),
    file: input.file ?? new Uint8Array(),
  };
  const options: AbortOptions = input.signal === undefined ? {} : { signal: input.signal };
  const result = await called(operation, service, operation.args(received, options));
  const file = FILES[operation.name]?.(result, received.query);
  if (file !== undefined) return file;
  const { rereads } = operation;
  const [answerer, answer] =
    rereads === undefined
      ? [operation, result]
      : [contract[rereads] as unknown as Operation, await service[rereads]()];
  return { json: z.encode(operation.response, answerer.wrap(answer)) };
}

async function called(
  operation: NamedOperation,
  service: NodeService,
  args: readonly unknown[],
): Promise<unknown> {
  // The table binds a row's arguments to the method of its name.
  const method = service[operation.name] as (...args: readonly unknown[]) => Promise<unknown>;
  try {
    return await method.call(service, ...args);
  } catch (error) {
    throw refusedInput(operation, error);
  }
}

/** Answers other than JSON, of the operations that have some; undefined when JSON is asked for. */
const FILES: Readonly<Record<string, (result: unknown, query: unknown) => FileAnswer | undefined>> = {
  deal(result, query) {
    if ((query as { readonly format: string }).format === 'json') return undefined;
    const { trade, bytes } = result as DealView;
    return { contentType: DEAL_TYPE, filename: `deal-${trade.slice(0, 16)}.edmp`, content: bytes };
  },
  delivery(result, query) {
    if ((query as { readonly format: string }).format === 'json') return undefined;
    const bought = result as DeliveryView;
    const { from, to, commodity } = bought.descriptor;
    return {
      contentType: 'text/csv; charset=utf-8; header=present',
      filename: `edmp-${commodity}-${from}-${to}.csv`,
      content: deliveryCsv(bought),
    };
  },
  exportReadings(result, query) {
    const { from, to, format } = query as {
      readonly from: string;
      readonly to: string;
      readonly format: keyof typeof EXPORT_FILES;
    };
    const { mediaType, extension } = EXPORT_FILES[format];
    return {
      contentType: mediaType,
      filename: `meter-${from}-${to}.${extension}`,
      content: result as AsyncIterable<Uint8Array>,
    };
  },
};

/** What the caller sent and is the caller's to mend, although the same code says elsewhere that the node has a fault. */
class RefusedInput extends EdmpError {
  readonly status = 422;
}

function refusedInput(operation: NamedOperation, error: unknown): unknown {
  if (!isEdmpError(error) || error.code === 'ERR_METER_STORE') return error;
  // A file that cannot be read, where a meter that cannot be is 502; a block that somebody sent, where a stored one is 500.
  const prefixes =
    operation.upload !== undefined ? ['ERR_METER_'] : operation.name === 'addCurrency' ? ['ERR_BLOCK_'] : [];
  if (!prefixes.some((prefix) => error.code.startsWith(prefix))) return error;
  return new RefusedInput(error.code, error.message, { cause: error });
}
