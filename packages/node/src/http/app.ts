import { type Environment, withDeadline } from '@edmp/interface';
import { type Context, Hono } from 'hono';
import { operations } from '../api/contract.ts';
import { createLog, type Log } from '../log.ts';
import type { NodeService } from '../service.ts';
import { jsonAnswer, responseTo, type StoredAnswer } from './answer.ts';
import { compatOperations } from './compat/contract.ts';
import { addCompat } from './compat/routes.ts';
import { type EventStreams, eventStreams } from './event-stream.ts';
import { errorBodyOf, HttpError, statusOf } from './failure.ts';
import { ipfsAnswer } from './ipfs-routes.ts';
import { Metrics } from './observe/metrics.ts';
import { observed } from './observe/middleware.ts';
import { nodeGauges } from './observe/node-gauges.ts';
import { openApiDocument } from './openapi.ts';
import { isAcceptable, pathTable } from './paths.ts';
import { BODY_MS } from './request-body.ts';
import { LOOPBACK_HOSTS, safeHeaders, sameSite, tokenGate } from './security.ts';
import { METRICS_TYPE, SYSTEM_PATHS } from './system-paths.ts';
import { addOperations, queryOf } from './v1.ts';
import { addWeb, type WebFiles } from './web-files.ts';

/** Options of {@link createHttpApp}. */
export interface HttpAppOptions {
  readonly service: NodeService;
  /** Secret that private routes and writes need, at least 16 characters. */
  readonly token: string;
  readonly environment: Environment;
  /** The GUI's files; none: no GUI. */
  readonly web?: WebFiles | undefined;
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
  /** Hears of every request. Default: nothing is told. */
  readonly log?: Log;
  /** Hears of failures that the caller is not told about (status 500). */
  readonly onFailure?: (error: unknown) => void;
}

const knownPath = pathTable([...operations, ...SYSTEM_PATHS, ...Object.values(compatOperations)]);

/**
 * The node's HTTP API as a Hono app: `/v1/*`, its OpenAPI document, `/health`, `/metrics`, EDMP's compatible calls, and
 * the GUI (DESIGN §7). Every error of `/v1` is `{ error: { code, message } }`. Throws `ERR_INVALID_ARGUMENT` for a short token.
 */
export function createHttpApp(options: HttpAppOptions): Hono {
  const { service, environment } = options;
  const gate = tokenGate(options.token);
  const maxBodyBytes = options.maxBodyBytes ?? 65_536;
  const timeoutMs = options.timeoutMs ?? 60_000;
  const onFailure = options.onFailure ?? ((): void => {});
  const log = options.log ?? createLog({ environment, level: 'error', write: () => {} });
  const metrics = new Metrics();
  const streams = eventStreams({ service, environment });
  const app = new Hono();

  const fail = (error: unknown): StoredAnswer => {
    const status = statusOf(error);
    if (status === 500) onFailure(error);
    return jsonAnswer(status, errorBodyOf(error));
  };
  const within = <T>(what: string, act: () => Promise<T>): Promise<T> =>
    withDeadline(environment, timeoutMs, what, act);

  app.onError((error, context) => responseTo(context.req.raw, fail(error)));
  app.notFound((context) => responseTo(context.req.raw, fail(notFound(context))));
  app.use(observed({ environment, log, metrics, routeOf: (path) => knownPath(path)?.path }));
  app.use(safeHeaders());
  app.use(sameSite(options.allowedHosts ?? LOOPBACK_HOSTS));
  app.use(async (context, next) => {
    const known = knownPath(context.req.path);
    if (known === undefined || known.methods.includes(context.req.method)) return next();
    const allowed = known.methods.join(', ');
    const refusal = new HttpError(405, 'ERR_HTTP_METHOD', `${known.path} knows ${allowed}`);
    return responseTo(context.req.raw, { ...fail(refusal), headers: { Allow: allowed } });
  });

  addOperations(app, { service, gate, environment, maxBodyBytes, timeoutMs, fail });
  app.get('/v1/events', (context) => {
    gate.require(context);
    return eventsAnswer(context, streams);
  });
  let document: string | undefined;
  app.get('/v1/openapi.json', async (context) => {
    document ??= JSON.stringify(
      openApiDocument((await within('Reading the version', () => service.info())).version),
    );
    return responseTo(context.req.raw, {
      status: 200,
      contentType: 'application/json',
      body: document,
      headers: { 'Cache-Control': 'private, no-cache' },
    });
  });
  app.get('/health', async (context) => {
    const { version } = await within('Asking the node', () => service.info());
    return responseTo(context.req.raw, jsonAnswer(200, { status: 'ok', version }));
  });
  app.get('/metrics', async (context) => {
    gate.require(context);
    const gauges = await within('Counting', () => nodeGauges(service, streams.open, log));
    return responseTo(context.req.raw, {
      status: 200,
      contentType: METRICS_TYPE,
      body: metrics.text(gauges),
    });
  });
  addCompat(app, {
    service,
    gate,
    open: options.allowUnauthenticatedCompat ?? false,
    limits: { environment, maxBytes: maxBodyBytes, maxMs: BODY_MS },
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

function notFound(context: Context): HttpError {
  return new HttpError(
    404,
    'ERR_HTTP_NOT_FOUND',
    `There is no ${context.req.method} ${JSON.stringify(context.req.path.slice(0, 200))}; see /v1/openapi.json`,
  );
}

function eventsAnswer(context: Context, streams: EventStreams): Response {
  const { live, ...others } = queryOf(context);
  if (Object.keys(others).length > 0 || (live !== undefined && live !== 'true'))
    throw new HttpError(400, 'ERR_HTTP_INPUT', 'The stream of events knows the query live=true only');
  if (!isAcceptable(context.req.header('accept'), ['text/event-stream']))
    throw new HttpError(406, 'ERR_HTTP_NOT_ACCEPTABLE', 'This answers text/event-stream only');
  const headers = { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' };
  if (context.req.raw.method === 'HEAD') return new Response(null, { headers });
  const after = context.req.header('last-event-id');
  return new Response(streams.stream({ live: live === 'true', ...(after === undefined ? {} : { after }) }), {
    headers,
  });
}
