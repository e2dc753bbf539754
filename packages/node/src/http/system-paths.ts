import * as z from 'zod';

/** Paths that are no method of the service: whether the node answers, its counts, its events, and what describes it. */
export const SYSTEM_PATHS = [
  { method: 'get', path: '/health' },
  { method: 'get', path: '/metrics' },
  { method: 'get', path: '/v1/events' },
  { method: 'get', path: '/v1/openapi.json' },
] as const;

/** Answer of `/health`. */
export const health: z.ZodType<{ readonly status: 'ok'; readonly version: string }> = z.object({
  status: z.literal('ok'),
  version: z.string(),
});

/** Media type of Prometheus' text format. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
