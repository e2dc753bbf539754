import type { Context, Hono } from 'hono';
import type { NodeService } from '../../service.ts';
import { jsonAnswer, responseTo, type StoredAnswer } from '../answer.ts';
import { errorBodyOf, HttpError, statusOf } from '../failure.ts';
import type { BodyLimits } from '../request-body.ts';
import type { Gate } from '../security.ts';
import { CompatRefusal } from './body.ts';
import { type CompatOperation, compatOperations } from './contract.ts';
import { compatEvents } from './events.ts';
import { type CompatHandler, compatHandlers } from './handlers.ts';

/** What the compatible routes need. */
export interface CompatOptions {
  readonly service: NodeService;
  readonly gate: Gate;
  /** Lets programs on this machine in without the token. */
  readonly open: boolean;
  readonly limits: BodyLimits;
  readonly within: <T>(what: string, act: () => Promise<T>) => Promise<T>;
  readonly onFailure: (error: unknown) => void;
}

/** Streams of events open at once. */
const MAX_STREAMS = 16;

/**
 * Adds the REST calls of EDMP (2019) with their documented keys and status codes: form or JSON bodies in, JSON out,
 * errors as `{ "error": text }`. Money is `first`, licences are `second`; unlike in 2019 the seller is paid (DESIGN §4.1).
 */
export function addCompat(app: Hono, options: CompatOptions): void {
  const handlers = compatHandlers(options.service, options.limits);
  const admit = (context: Context): void => {
    if (!options.open || !isLocal(context)) options.gate.require(context);
  };
  const serve = ({ method, path }: CompatOperation, act: CompatHandler): void => {
    app.on(method.toUpperCase(), path.replaceAll(/\{(\w+)\}/g, ':$1'), async (context) => {
      admit(context);
      let answer: StoredAnswer;
      try {
        answer = jsonAnswer(200, await options.within(`${method} ${path}`, () => act(context)));
      } catch (error) {
        answer = refusal(error, options.onFailure);
      }
      return responseTo(context.req.raw, answer);
    });
  };
  for (const [name, act] of Object.entries(handlers))
    serve(compatOperations[name as keyof typeof handlers], act);

  let streams = 0;
  app.get(compatOperations.events.path, (context) => {
    admit(context);
    const headers = { 'Content-Type': 'application/x-ndjson' };
    if (context.req.raw.method === 'HEAD') return new Response(null, { headers });
    if (streams >= MAX_STREAMS)
      throw new HttpError(429, 'ERR_HTTP_BUSY', `At most ${MAX_STREAMS} streams at once; close one first`);
    streams += 1;
    const body = compatEvents(options.service, options.limits.environment, () => {
      streams -= 1;
    });
    return new Response(body, { headers });
  });
}

function refusal(error: unknown, onFailure: (error: unknown) => void): StoredAnswer {
  if (error instanceof CompatRefusal) return jsonAnswer(error.status, { error: error.message });
  const status = statusOf(error);
  const { code, message } = errorBodyOf(error).error;
  if (status < 500) return jsonAnswer(status, { error: message });
  if (status === 500) onFailure(error);
  return jsonAnswer(status, { error: { handled: status !== 500, code, message } });
}

function isLocal(context: Context): boolean {
  const env = context.env as { incoming?: { socket?: { remoteAddress?: string } } } | undefined;
  const address = env?.incoming?.socket?.remoteAddress;
  // Without a socket the app is called in process.
  return address === undefined || /^(?:127\.|::1$|::ffff:127\.)/.test(address);
}
