import { type Environment, withDeadline } from '@edmp/interface';
import type { Context, Hono } from 'hono';
import { type NamedOperation, operations } from '../api/contract.ts';
import type { NodeService } from '../service.ts';
import { jsonAnswer, responseTo, type StoredAnswer } from './answer.ts';
import { HttpError } from './failure.ts';
import { idempotencyMemory } from './idempotency.ts';
import { isAcceptable } from './paths.ts';
import { BODY_MS, FILE_MS, jsonText, uploadedFile } from './request-body.ts';
import { runOperation } from './run-operation.ts';
import type { Gate } from './security.ts';

/** What the operations of `/v1` need. */
export interface V1Options {
  readonly service: NodeService;
  readonly gate: Gate;
  readonly environment: Environment;
  readonly maxBodyBytes: number;
  /** Longest time that the service may take, ms. */
  readonly timeoutMs: number;
  /** What a failure is answered with. */
  readonly fail: (error: unknown) => StoredAnswer;
}

/** A file may take so many times as long as another request: 64 MiB hold millions of readings. */
const FILE_TIMES = 10;
/** What tells nothing of the owner may be kept by a browser, if it asks whether it still holds. */
const REVALIDATED = { 'Cache-Control': 'private, no-cache' };

/** Adds every operation of the contract to `app`. */
export function addOperations(app: Hono, options: V1Options): void {
  const memory = idempotencyMemory({ environment: options.environment });
  for (const operation of operations) {
    const path = operation.path.replaceAll(/\{(\w+)\}/g, ':$1');
    app.on(operation.method.toUpperCase(), path, async (context) => {
      if (operation.access !== 'public') options.gate.require(context);
      const types = [...(operation.isFileOnly ? [] : ['application/json']), ...operation.files];
      if (!isAcceptable(context.req.header('accept'), types)) {
        throw new HttpError(406, 'ERR_HTTP_NOT_ACCEPTABLE', `This answers ${types.join(', ')} only`);
      }
      return responseTo(context.req.raw, await answered(operation, context, options, memory));
    });
  }
}

async function answered(
  operation: NamedOperation,
  context: Context,
  options: V1Options,
  memory: ReturnType<typeof idempotencyMemory>,
): Promise<StoredAnswer> {
  const { environment } = options;
  const { upload } = operation;
  const file =
    upload === undefined
      ? undefined
      : await uploadedFile(context, { environment, maxBytes: upload, maxMs: FILE_MS });
  const text =
    operation.body === undefined
      ? ''
      : await jsonText(context, { environment, maxBytes: options.maxBodyBytes, maxMs: BODY_MS });
  const act = async (): Promise<StoredAnswer> => {
    try {
      return await run(operation, context, text, file, options);
    } catch (error) {
      return options.fail(error);
    }
  };
  const key = context.req.header('idempotency-key');
  if (key === undefined || operation.method !== 'post' || file !== undefined) return act();
  return memory.once(key, `${operation.path}\n${JSON.stringify(context.req.param())}\n${text}`, act);
}

async function run(
  operation: NamedOperation,
  context: Context,
  text: string,
  file: Uint8Array | undefined,
  { service, environment, timeoutMs }: V1Options,
): Promise<StoredAnswer> {
  const input = {
    params: context.req.param(),
    query: queryOf(context),
    body: operation.body === undefined ? undefined : parseJson(text),
  };
  // What was sent with a key, or moves money, goes on without its caller; a file that nobody waits for does not.
  const answer =
    file === undefined
      ? await withDeadline(environment, timeoutMs, operation.summary, () =>
          runOperation(operation, service, input),
        )
      : await withDeadline(
          environment,
          FILE_TIMES * timeoutMs,
          operation.summary,
          (signal) => runOperation(operation, service, { ...input, file, signal }),
          { signal: context.req.raw.signal },
        );
  if ('json' in answer) {
    const stored = jsonAnswer(operation.status, answer.json);
    return operation.method === 'get' && operation.access === 'public'
      ? { ...stored, headers: REVALIDATED }
      : stored;
  }
  const { contentType, filename, content } = answer;
  return { status: operation.status, contentType, body: content, filename };
}

const LONE_SURROGATE = /\p{Surrogate}/u;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, (key, value: unknown) => {
      // Half a surrogate pair, which only an escape can write: two such texts would be kept as one.
      if (LONE_SURROGATE.test(key) || (typeof value === 'string' && LONE_SURROGATE.test(value)))
        throw new TypeError('A text has no UTF-8 form');
      return value;
    });
  } catch (cause) {
    throw new HttpError(400, 'ERR_HTTP_INPUT', 'The body is not well-formed JSON', { cause });
  }
}

/** The query, each name once. Throws `ERR_HTTP_INPUT` for a name given twice. */
export function queryOf(context: Context): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [name, values] of Object.entries(context.req.queries())) {
    const [value] = values;
    if (values.length > 1) throw new HttpError(400, 'ERR_HTTP_INPUT', `query.${name}: given more than once`);
    if (value !== undefined) query[name] = value;
  }
  return query;
}
