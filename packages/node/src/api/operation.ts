import type { AbortOptions } from '@edmp/interface';
import * as z from 'zod';
import { list as listSchema } from '../http/views.ts';
import type { NodeService } from '../service.ts';

/** Who may call: `public` = any local program; `private` and `write` = holders of the node's token. */
export type Access = 'public' | 'private' | 'write';

/** What a caller sends: each part as code has it, not yet as JSON. */
export interface SentParts {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: object;
  readonly body?: object;
  /** Sent as it is, in place of a JSON body. */
  readonly file?: Uint8Array;
}

/** What came with a request, checked. */
export interface ReceivedParts<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** The body as it came, of operations that take a file; else empty. */
  readonly file: Uint8Array;
}

/** How the arguments of a method of the service stand in a request. */
export interface Binding<A extends readonly unknown[], I> {
  /** For a client: the parts that hold the arguments. */
  parts(...args: A): SentParts;
  /** For a server: the arguments again. */
  args(received: I, options: AbortOptions): A;
}

/** How the result of a method of the service stands in an answer. */
export interface Answer<R, W> {
  /** Codec between the answer in code and its JSON. */
  readonly schema: z.ZodType<W>;
  wrap(result: R): W;
  unwrap(answer: W): R;
}

/**
 * One operation of the API: the server's route and checks, the OpenAPI document, the client's method and the reference
 * page are all made from it. `A` are the arguments of the service's method, `R` is its result.
 */
export interface Operation<A extends readonly unknown[] = readonly unknown[], R = unknown> {
  readonly method: 'get' | 'post' | 'delete';
  /** Path with `{name}` for parameters. */
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  readonly status: 200 | 201;
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  /** Undefined where no JSON body is sent. */
  readonly body: z.ZodType | undefined;
  readonly response: z.ZodType;
  /** Most bytes of the file that the body is; undefined where the body is JSON or absent. */
  readonly upload: number | undefined;
  /** Other media types that it can answer with. */
  readonly files: readonly string[];
  /** The answer is always one of `files`. */
  readonly isFileOnly: boolean;
  /** Codes of errors that are its own, beside those of every operation. */
  readonly errors: readonly string[];
  /** Method whose result is the answer, asked once this one is done; undefined where its own is. */
  readonly rereads: 'communities' | 'published' | undefined;
  parts(...args: A): SentParts;
  args(received: ReceivedParts<unknown, unknown, unknown>, options: AbortOptions): A;
  wrap(result: R): unknown;
  unwrap(answer: unknown): R;
}

/** Name of an operation: that of the service's method. Its listeners are none: the stream of events serves them. */
export type OperationName = Exclude<keyof NodeService, 'on' | 'onLive'>;

/** The methods of the service that the API offers. */
export type Operations = Pick<NodeService, OperationName>;

/** Some operations by their names; the compiler holds each against the service's method. */
export type OperationsOf<Names extends OperationName> = {
  readonly [K in Names]: Operation<Parameters<NodeService[K]>, Awaited<ReturnType<NodeService[K]>>>;
};

/** Definition of an {@link Operation} with the types of its parts. */
export interface OperationDefinition<A extends readonly unknown[], R, W, P, Q, B> {
  readonly method: Operation['method'];
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  readonly status?: 200 | 201;
  readonly params?: z.ZodType<P>;
  readonly query?: z.ZodType<Q>;
  readonly body?: z.ZodType<B>;
  readonly upload?: number;
  readonly files?: readonly string[];
  readonly isFileOnly?: boolean;
  readonly errors?: readonly string[];
  readonly rereads?: 'communities' | 'published';
  readonly takes: Binding<A, ReceivedParts<P, Q, B>>;
  readonly gives: Answer<R, W>;
}

const nothing: z.ZodType = z.strictObject({});

/** Makes an {@link Operation}, so that the types of its parts are no longer needed outside. */
export function operation<A extends readonly unknown[], R, W, P, Q, B>(
  definition: OperationDefinition<A, R, W, P, Q, B>,
): Operation<A, R> {
  const { takes, gives, params, query, body } = definition;
  return {
    method: definition.method,
    path: definition.path,
    summary: definition.summary,
    access: definition.access,
    status: definition.status ?? 200,
    params: params ?? nothing,
    query: query ?? nothing,
    body,
    response: gives.schema,
    upload: definition.upload,
    files: definition.files ?? [],
    isFileOnly: definition.isFileOnly ?? false,
    errors: definition.errors ?? [],
    rereads: definition.rereads,
    parts: takes.parts,
    // Both were checked with the schemas whose types the definition binds.
    args: (received, options) => takes.args(received as ReceivedParts<P, Q, B>, options),
    wrap: gives.wrap,
    unwrap: (answer) => gives.unwrap(answer as W),
  };
}

type Id = Readonly<{ id: string }>;

/** A method without arguments. */
export const nothingTaken: Binding<[options?: AbortOptions], unknown> = {
  parts: () => ({}),
  args: (_, options) => [options],
};

/** A method without arguments that changes something: it is sent with an empty object. */
export const emptyBody: Binding<[options?: AbortOptions], unknown> = {
  parts: () => ({ body: {} }),
  args: (_, options) => [options],
};

/** A method whose one argument is the `{id}` of the path. */
export const idOfPath: Binding<[id: string, options?: AbortOptions], { readonly params: Id }> = {
  parts: (id) => ({ params: { id } }),
  args: ({ params }, options) => [params.id, options],
};

/** As {@link idOfPath}, for a method that changes something. */
export const idWithEmptyBody: typeof idOfPath = {
  parts: (id) => ({ params: { id }, body: {} }),
  args: idOfPath.args,
};

/** A method whose one argument is the body. */
export function wholeBody<B extends object>(): Binding<
  [body: B, options?: AbortOptions],
  { readonly body: B }
> {
  return { parts: (body) => ({ body }), args: ({ body }, options) => [body, options] };
}

/** A method whose one argument is the query. */
export function wholeQuery<Q extends object>(): Binding<
  [query: Q, options?: AbortOptions],
  { readonly query: Q }
> {
  return { parts: (query) => ({ query }), args: ({ query }, options) => [query, options] };
}

/** The result as it is. */
export function plain<T>(schema: z.ZodType<T>): Answer<T, T> {
  return { schema, wrap: (result) => result, unwrap: (answer) => answer };
}

/** A list, which stands in an object with one key, so that fields can be added later. */
export function listed<K extends string, T>(
  key: K,
  item: z.ZodType<T>,
): Answer<readonly T[], Record<K, readonly T[]>> {
  return {
    schema: listSchema(key, item),
    wrap: (result) => ({ [key]: result }) as Record<K, readonly T[]>,
    unwrap: (answer) => answer[key],
  };
}

/** The answer of a method without a result: always the same. */
export function done<T>(schema: z.ZodType<T>, answer: T): Answer<void, T> {
  return { schema, wrap: () => answer, unwrap: () => undefined };
}
