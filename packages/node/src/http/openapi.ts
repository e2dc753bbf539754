import * as z from 'zod';
import type { NamedOperation } from '../api/contract.ts';
import * as meterViews from './meter-views.ts';
import * as views from './views.ts';

const NAMED: Readonly<Record<string, z.ZodType>> = {
  Block: views.block,
  BookOrder: views.bookOrder,
  Clock: views.clock,
  Consent: views.consent,
  ConsentLogEntry: views.consentLogEntry,
  ConsentRecords: views.consentRecords,
  Consumption: views.consumption,
  Curve: views.curve,
  Delivery: views.delivery,
  Descriptor: views.descriptor,
  Error: views.errorBody,
  Event: views.nodeEvent,
  Listing: views.listing,
  Live: meterViews.live,
  Matchmaker: views.matchmaker,
  Meter: views.meter,
  Mount: meterViews.mount,
  NodeInfo: views.nodeInfo,
  Order: views.order,
  Reveals: views.reveals,
  Trade: views.trade,
  Wallet: views.wallet,
  WalletTransaction: views.walletTransaction,
};

type Json = Readonly<Record<string, unknown>>;

const STATUS_TEXT: Readonly<Record<number, string>> = {
  400: 'The request is malformed',
  401: 'The token is missing or wrong',
  403: 'Host or Origin is not allowed',
  404: 'No such thing',
  409: 'The state of the node does not allow it',
  413: 'The body is too large',
  422: 'Refused, or an Idempotency-Key came with another request',
  429: 'Too busy',
  500: 'The node failed',
};

/** The OpenAPI 3.1 document of `routes`, generated from the schemas that check the requests. */
export function openApiDocument(
  routes: readonly NamedOperation[],
  version: string,
): Readonly<Record<string, unknown>> {
  const names = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(NAMED)) names.add(schema, { id });
  const options = {
    io: 'input' as const,
    target: 'draft-2020-12' as const,
    unrepresentable: 'any' as const,
  };
  const components = z.toJSONSchema(names, { ...options, uri: (id) => `#/components/schemas/${id}` });
  const schemaOf = (schema: z.ZodType): Json => {
    const name = Object.keys(NAMED).find((id) => NAMED[id] === schema);
    if (name !== undefined) return { $ref: `#/components/schemas/${name}` };
    return relink(z.toJSONSchema(schema, { ...options, metadata: names }), true) as Json;
  };

  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const operations = paths[route.path] ?? {};
    operations[route.method] = operation(route, schemaOf);
    paths[route.path] = operations;
  }
  paths['/v1/events'] = { get: eventStream() };

  return {
    openapi: '3.1.0',
    info: {
      title: 'EDMP node',
      version,
      description:
        'Sell and buy smart-meter data. Amounts are decimal strings of minor units; times are ms since the epoch.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      schemas: relink(components.schemas, false),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: "The node's token" },
      },
    },
  };
}

function operation(route: NamedOperation, schemaOf: (schema: z.ZodType) => Json): Json {
  const parameters = [
    ...parametersOf(route.params, 'path', schemaOf),
    ...parametersOf(route.query, 'query', schemaOf),
  ];
  if (route.method === 'post' && route.upload === undefined) {
    parameters.push({
      name: 'Idempotency-Key',
      in: 'header',
      required: false,
      description: 'Repeating a request with its key gives the first answer again',
      schema: { type: 'string', minLength: 1, maxLength: 128 },
    });
  }
  const content: Record<string, Json> = route.isFileOnly
    ? {}
    : { 'application/json': { schema: schemaOf(route.response) } };
  for (const type of route.files) content[type] = { schema: { type: 'string' } };
  const responses: Record<string, Json> = {
    [String(route.status)]: { description: 'Done', content },
  };
  for (const status of failuresOf(route)) {
    responses[String(status)] = {
      description: STATUS_TEXT[status] ?? 'Error',
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
    };
  }
  return {
    operationId: operationId(route),
    summary: route.summary,
    ...(route.access === 'public' ? {} : { security: [{ token: [] }] }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.upload === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/octet-stream': { schema: {} } },
          },
        }),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: schemaOf(route.body) } },
          },
        }),
    responses,
  };
}

function failuresOf(route: NamedOperation): number[] {
  const failures = [400, 403, 500];
  if (route.access !== 'public') failures.push(401);
  if (route.path.includes('{')) failures.push(404);
  if (route.access === 'write') failures.push(404, 409, 413, 422, 429);
  return [...new Set(failures)].sort((a, b) => a - b);
}

function operationId(route: NamedOperation): string {
  const words = route.path
    .replace('/v1/', '')
    .split(/[^a-zA-Z]+/)
    .filter((word) => word !== '');
  return route.method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

function parametersOf(
  schema: z.ZodType | undefined,
  place: 'path' | 'query',
  schemaOf: (schema: z.ZodType) => Json,
): Json[] {
  if (schema === undefined) return [];
  const { properties, required } = schemaOf(schema) as {
    readonly properties?: Readonly<Record<string, Json>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties ?? {}).map(([name, parameter]) => ({
    name,
    in: place,
    required: place === 'path' || (required ?? []).includes(name),
    schema: parameter,
  }));
}

function eventStream(): Json {
  return {
    operationId: 'getEvents',
    summary:
      'Server-sent events: `ready` once, then one without a name per thing that happens, and `time` in between; ' +
      'reload what you show on `ready`',
    security: [{ token: [] }],
    parameters: [
      {
        name: 'live',
        in: 'query',
        required: false,
        description: 'Also events `live`: the power of the mounted meters, at most one a second each',
        schema: { type: 'string', enum: ['true'] },
      },
    ],
    responses: {
      '200': {
        description:
          'A stream of Event objects; the data of `ready` and `time` is a Clock, that of `live` a Live',
        content: {
          'text/event-stream': {
            schema: {
              anyOf: [
                { $ref: '#/components/schemas/Event' },
                { $ref: '#/components/schemas/Clock' },
                { $ref: '#/components/schemas/Live' },
              ],
            },
          },
        },
      },
    },
  };
}

/** Drops what OpenAPI does not want and points local definitions at the components. */
function relink(value: unknown, top: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => relink(item, false));
  if (typeof value !== 'object' || value === null) return value;
  const out: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (key === '$schema' || key === '$id') continue;
    if (top && (key === '$defs' || key === 'id')) continue;
    if (key === '$ref' && typeof item === 'string') {
      out[key] = item.replace('#/$defs/', '#/components/schemas/');
    } else {
      out[key] = relink(item, false);
    }
  }
  return out;
}
