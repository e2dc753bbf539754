import * as z from 'zod';
import type { NodeService } from '../service.ts';
import { HttpError } from './failure.ts';

/** Who may call: `public` = any local program; `private` and `write` = holders of the node's token. */
export type Access = 'public' | 'private' | 'write';

/** What came with a request, not yet checked. */
export interface RawInput {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  /** The body as it came, of routes that take a file. */
  readonly file?: Uint8Array;
  /** Fires when nobody waits for the answer any more, of routes that take a file. */
  readonly signal?: AbortSignal;
}

/** A body other than the route's JSON, e.g. a file. */
export interface FileAnswer {
  readonly contentType: string;
  readonly filename: string;
  /** In pieces when it is too large to be made at once. */
  readonly content: string | Uint8Array | AsyncIterable<Uint8Array>;
}

/** One route of `/v1`: what the server runs and what the OpenAPI document says, from the same schemas. */
export interface Route {
  readonly method: 'get' | 'post' | 'delete';
  /** Path with `{name}` for parameters. */
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  readonly status: 200 | 201;
  readonly params: z.ZodType | undefined;
  readonly query: z.ZodType | undefined;
  readonly body: z.ZodType | undefined;
  readonly response: z.ZodType;
  /** Most bytes of the file that the body is; undefined where the body is JSON. */
  readonly upload: number | undefined;
  /** Other media types that the route can answer with. */
  readonly files: readonly string[];
  /** The answer is always one of `files`. */
  readonly isFileOnly: boolean;
  /** Checks the input, calls the service, encodes its answer. */
  run(service: NodeService, input: RawInput): Promise<{ readonly json: unknown } | FileAnswer>;
}

/** Definition of a {@link Route} with the types of its parts. */
export interface RouteDefinition<P, Q, B, R> {
  readonly method: 'get' | 'post' | 'delete';
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  readonly status?: 200 | 201;
  readonly params?: z.ZodType<P>;
  readonly query?: z.ZodType<Q>;
  readonly body?: z.ZodType<B>;
  readonly response: z.ZodType<R>;
  readonly upload?: number;
  readonly files?: readonly string[];
  readonly isFileOnly?: boolean;
  handle(
    service: NodeService,
    input: {
      readonly params: P;
      readonly query: Q;
      readonly body: B;
      readonly file: Uint8Array;
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<R | FileAnswer>;
}

const nothing = z.strictObject({});

/** Checks one part of a request. Throws `ERR_HTTP_INPUT` (400) naming each field and what it should be. */
export function check<T>(schema: z.ZodType<T>, value: unknown, part: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const reasons = result.error.issues.slice(0, 8).map((issue) => {
    const where = [part, ...issue.path.map(String)].join('.');
    return `${where}: ${issue.message}`;
  });
  throw new HttpError(400, 'ERR_HTTP_INPUT', reasons.join('; ').slice(0, 1000));
}

/** Binds a definition's schemas to its handler, so that the types of the parts are no longer needed outside. */
export function route<P, Q, B, R>(definition: RouteDefinition<P, Q, B, R>): Route {
  const { params, query, body, response } = definition;
  return {
    method: definition.method,
    path: definition.path,
    summary: definition.summary,
    access: definition.access,
    status: definition.status ?? 200,
    params,
    query,
    body,
    response,
    upload: definition.upload,
    files: definition.files ?? [],
    isFileOnly: definition.isFileOnly ?? false,
    async run(service, input) {
      const answer = await definition.handle(service, {
        params: check((params ?? nothing) as z.ZodType<P>, input.params, 'path'),
        query: check((query ?? nothing) as z.ZodType<Q>, input.query, 'query'),
        body: check((body ?? z.undefined()) as z.ZodType<B>, input.body, 'body'),
        file: input.file ?? new Uint8Array(),
        signal: input.signal,
      });
      return isFile(answer) ? answer : { json: z.encode(response, answer) };
    },
  };
}

function isFile(answer: unknown): answer is FileAnswer {
  return typeof answer === 'object' && answer !== null && 'contentType' in answer && 'filename' in answer;
}
