import { bytesToHex, type Environment } from '@edmp/interface';
import type { MiddlewareHandler } from 'hono';
import type { Log } from '../../log.ts';
import type { Metrics } from './metrics.ts';

/** Header in which a request's id comes and goes. */
export const REQUEST_ID = 'X-Request-Id';
const FORM = /^[\w.:-]{1,64}$/;

/** What {@link observed} needs. */
export interface ObserveOptions {
  readonly environment: Environment;
  readonly log: Log;
  readonly metrics: Metrics;
  /** The path of the contract that a path is one of; undefined for any other. */
  readonly routeOf: (path: string) => string | undefined;
}

/**
 * Gives every answer the id of its request, a new one where the caller gave none that fits, counts it, and tells of it at
 * level `debug`. Only the route is told: paths and queries hold ids and words that are the owner's own.
 */
export function observed({ environment, log, metrics, routeOf }: ObserveOptions): MiddlewareHandler {
  return async (context, next) => {
    const given = context.req.header(REQUEST_ID);
    const id = given !== undefined && FORM.test(given) ? given : bytesToHex(environment.randomBytes(8));
    const start = environment.now();
    const end = metrics.begin();
    let status = 500;
    try {
      await next();
      status = context.res.status;
      context.res.headers.set(REQUEST_ID, id);
    } finally {
      const { method } = context.req;
      const route = routeOf(context.req.path);
      const ms = environment.now() - start;
      end({ method, route, status, ms });
      log.tell(status >= 500 ? 'warn' : 'debug', `${method.slice(0, 10)} ${route ?? 'other'} ${status}`, {
        request: id,
        method: method.slice(0, 10),
        route: route ?? 'other',
        status,
        ms,
      });
    }
  };
}
