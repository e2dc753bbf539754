import { type Environment, withDeadline } from '@edmp/interface';
import { type Context, Hono } from 'hono';
import type { NodeService } from '../service.ts';
import { bodyBytes, bodyText } from './body-text.ts';
import { addCompat } from './compat/routes.ts';
import { eventStreams } from './event-stream.ts';
import { errorBodyOf, HttpError, statusOf } from './failure.ts';
import { idempotencyMemory, type StoredAnswer } from './idempotency.ts';
import { ipfsAnswer } from './ipfs-routes.ts';
import { openApiDocument } from './openapi.ts';
import type { Route } from './route.ts';
import { LOOPBACK_HOSTS, safeHeaders, sameSite, tokenGate } from './security.ts';
import { v1Routes } from './v1-routes.ts';
import { addWeb, type WebFiles } from './web-files.ts';

/** Options of {@link createHttpApp}. */
export interface HttpAppOptions {
  readonly service: NodeService;
  /** Secret that private routes and writes need, at least 16 characters. */
  readonly token: string;
  readonly environment: Environment;
  /** The GUI's files; none: no GUI. */
  readonly web?: WebFiles;
  /** Hosts that requests may be addressed to, with or without a port. Default: the names of loopback. */
  readonly allowedHosts?: readonly string[];
  /** The node's trustless gateway, mounted at `/ipfs/` and `/cap/{capability}/ipfs/`; none: no gateway. */
  readonly gateway?: (request: Request) => Promise<Response>;
  /** Lets local programs use `/market/*` and `/wallets/*` without the token, as EDMP's did. Default false. */
  readonly allowUnauthenticatedCompat?: boolean;
  /** Largest request body, bytes. Default 64 KiB. */
  readonly maxBodyBytes?: number;
  /** Longest time that the service may take for a request, ms. Default 60 000. */
  readonly timeoutMs?: number;
  /** Hears of failures that the caller is not told about (status 500). */
  readonly onFailure?: (error: unknown) => void;
}

/** A file may take so many times as long as another request: 64 MiB hold millions of readings. */
const FILE_TIMES = 10;

/**
 * The node's HTTP API as a Hono app: `/v1/*`, its OpenAPI document, EDMP's compatible `/market/*` and `/wallets/*`, and
 * the GUI (DESIGN §7). Every error of `/v1` is `{ error: { code, message } }`. Throws `ERR_INVALID_ARGUMENT` for a short token.
 */
export function createHttpApp(options: HttpAppOptions): Hono {
  const { service, environment } = options;
  const gate = tokenGate(options.token);
  const maxBodyBytes = options.maxBodyBytes ?? 65_536;
  const timeoutMs = options.timeoutMs ?? 60_000;
  const onFailure = options.onFailure ?? ((): void => {});
  const memory = idempotencyMemory({ environment });
  const openStream = eventStreams({ service, environment });
  const app = new Hono();

  const fail = (error: unknown): StoredAnswer => {
    const status = statusOf(error);
    if (status === 500) onFailure(error);
    return answerOf(status, errorBodyOf(error));
  };
  const within = <T>(what: string, act: () => Promise<T>): Promise<T> =>
    withDeadline(environment, timeoutMs, what, act);

  app.onError((error) => responseOf(fail(error)));
  app.notFound((context) =>
    responseOf(
      fail(
        new HttpError(
          404,
          'ERR_HTTP_NOT_FOUND',
          `There is no ${context.req.method} ${JSON.stringify(context.req.path.slice(0, 200))}; see /v1/openapi.json`,
        ),
      ),
    ),
  );
  app.use(safeHeaders());
  app.use(sameSite(options.allowedHosts ?? LOOPBACK_HOSTS));

  for (const route of v1Routes) {
    app.on(route.method.toUpperCase(), route.path.replaceAll(/\{(\w+)\}/g, ':$1'), async (context) => {
      if (route.access !== 'public') gate.require(context);
      const file = route.upload === undefined ? undefined : await uploadedFile(context, route.upload);
      const text = route.method === 'post' && file === undefined ? await jsonText(context, maxBodyBytes) : '';
      const act = async (): Promise<StoredAnswer> => {
        try {
          return await run(route, context, text, file);
        } catch (error) {
          return fail(error);
        }
      };
      const key = context.req.header('idempotency-key');
      if (key === undefined || route.method !== 'post' || file !== undefined) return responseOf(await act());
      return responseOf(await memory.once(key, `${route.path}\n${text}`, act));
    });
  }

  const run = async (
    route: Route,
    context: Context,
    text: string,
    file: Uint8Array | undefined,
  ): Promise<StoredAnswer> => {
    const input = {
      params: context.req.param(),
      query: queryOf(context),
      body: route.body === undefined ? undefined : parseJson(text),
      ...(file === undefined ? {} : { file }),
    };
    // What was sent with a key, or moves money, goes on without its caller; a file that nobody waits for does not.
    const answer =
      file === undefined
        ? await within(route.summary, () => route.run(service, input))
        : await withDeadline(
            environment,
            FILE_TIMES * timeoutMs,
            route.summary,
            (signal) => route.run(service, { ...input, signal }),
            { signal: context.req.raw.signal },
          );
    if ('json' in answer) return answerOf(route.status, answer.json);
    return {
      status: route.status,
      contentType: answer.contentType,
      body: answer.content,
      filename: answer.filename,
    };
  };

  app.get('/v1/events', (context) => {
    gate.require(context);
    const { live, ...others } = queryOf(context);
    if (Object.keys(others).length > 0 || (live !== undefined && live !== 'true'))
      throw new HttpError(400, 'ERR_HTTP_INPUT', 'The stream of events knows the query live=true only');
    return new Response(openStream({ live: live === 'true' }), {
      headers: { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' },
    });
  });
  let document: string | undefined;
  app.get('/v1/openapi.json', async (context) => {
    if (document === undefined) {
      const { version } = await within('Reading the version', () => service.info());
      document = JSON.stringify(openApiDocument(v1Routes, version));
    }
    return context.body(document, 200, { 'Content-Type': 'application/json' });
  });
  addCompat(app, {
    service,
    gate,
    environment,
    open: options.allowUnauthenticatedCompat ?? false,
    maxBodyBytes,
    within,
    onFailure,
  });
  const { gateway } = options;
  if (gateway !== undefined) {
    for (const path of ['/ipfs/*', '/ipns/*', '/cap/*'])
      app.all(path, async (context) => (await ipfsAnswer(context.req.raw, gateway)) ?? context.notFound());
  }
  if (options.web !== undefined) addWeb(app, options.web, gate);
  return app;
}

/** The body of a route that takes a file. A form of another site cannot send this type without asking first. */
async function uploadedFile(context: Context, maxBytes: number): Promise<Uint8Array> {
  const type = (context.req.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/octet-stream') {
    throw new HttpError(
      415,
      'ERR_HTTP_MEDIA_TYPE',
      "Expected a file as the body, with 'Content-Type: application/octet-stream'",
    );
  }
  return bodyBytes(context.req.raw, maxBytes);
}

async function jsonText(context: Context, maxBytes: number): Promise<string> {
  const type = (context.req.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
  // Also keeps out "simple" cross-site form posts, which need no preflight.
  if (type !== 'application/json') {
    throw new HttpError(415, 'ERR_HTTP_MEDIA_TYPE', "Expected a body with 'Content-Type: application/json'");
  }
  return bodyText(context.req.raw, maxBytes);
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

function queryOf(context: Context): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [name, values] of Object.entries(context.req.queries())) {
    const [value] = values;
    if (values.length > 1) throw new HttpError(400, 'ERR_HTTP_INPUT', `query.${name}: given more than once`);
    if (value !== undefined) query[name] = value;
  }
  return query;
}

function answerOf(status: number, json: unknown): StoredAnswer {
  return { status, contentType: 'application/json', body: JSON.stringify(json) };
}

/** Pieces are made as fast as the caller takes them; when one fails the connection breaks, so that half a file is none. */
function bodyOf(body: StoredAnswer['body']): string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> {
  if (typeof body === 'string') return body;
  return body instanceof Uint8Array ? body.slice() : streamOf(body);
}

function streamOf(pieces: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

function responseOf(answer: StoredAnswer): Response {
  const headers = new Headers({ 'Content-Type': answer.contentType });
  if (answer.status === 401) headers.set('WWW-Authenticate', 'Bearer');
  if (answer.filename !== undefined) {
    headers.set('Content-Disposition', `attachment; filename="${answer.filename}"`);
  }
  const body = bodyOf(answer.body);
  return new Response(body, { status: answer.status, headers });
}
