import * as z from 'zod';
import { type NamedOperation, operations } from '../api/contract.ts';
import { examples } from '../api/examples.ts';
import { type CompatOperation, compatError, compatOperations } from './compat/contract.ts';
import { refusalsOf, STATUS_TEXT } from './documented.ts';
import * as meterViews from './meter-views.ts';
import { health, METRICS_TYPE } from './system-paths.ts';
import * as views from './views.ts';

const NAMED: Readonly<Record<string, z.ZodType>> = {
  Block: views.block,
  BookOrder: views.bookOrder,
  Clock: views.clock,
  CompatError: compatError,
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
type SchemaOf = (schema: z.ZodType) => Json;

/** The OpenAPI 3.1 document of the API, generated from the contract whose schemas check the requests. */
export function openApiDocument(version: string): Readonly<Record<string, unknown>> {
  const names = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(NAMED)) names.add(schema, { id });
  const options = {
    io: 'input' as const,
    target: 'draft-2020-12' as const,
    unrepresentable: 'any' as const,
  };
  const components = z.toJSONSchema(names, { ...options, uri: (id) => `#/components/schemas/${id}` });
  const schemaOf: SchemaOf = (schema) => {
    const name = Object.keys(NAMED).find((id) => NAMED[id] === schema);
    if (name !== undefined) return { $ref: `#/components/schemas/${name}` };
    return relink(z.toJSONSchema(schema, { ...options, metadata: names }), true) as Json;
  };

  const paths: Record<string, Record<string, Json>> = {};
  const add = (path: string, method: string, described: Json): void => {
    paths[path] = { ...paths[path], [method]: described };
  };
  for (const each of operations) add(each.path, each.method, operation(each, schemaOf));
  add('/v1/events', 'get', eventStream());
  add('/v1/openapi.json', 'get', describing());
  add('/health', 'get', healthCheck(schemaOf));
  add('/metrics', 'get', metrics());
  for (const [name, each] of Object.entries(compatOperations))
    add(each.path, each.method, compat(name, each, schemaOf));

  return {
    openapi: '3.1.0',
    info: {
      title: 'EDMP node',
      version,
      description:
        'Sell and buy smart-meter data. Amounts are decimal strings of minor units; times are ms since the epoch. ' +
        'Every answer carries `X-Request-Id`; a wrong method is 405 with `Allow`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: relink(components.schemas, false),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: "The node's token" },
      },
    },
  };
}

const error = (description: string, schema = 'Error'): Json => ({
  description,
  content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } },
});

function operation(each: NamedOperation, schemaOf: SchemaOf): Json {
  const example = examples[each.name];
  const parameters = [
    ...parametersOf(each.params, 'path', schemaOf, example.params),
    ...parametersOf(each.query, 'query', schemaOf, example.query),
  ];
  if (each.method === 'post' && each.upload === undefined) {
    parameters.push({
      name: 'Idempotency-Key',
      in: 'header',
      required: false,
      description: 'Repeating a request with its key gives the first answer again',
      schema: { type: 'string', minLength: 1, maxLength: 128, pattern: '^[!-~]+$' },
    });
  }
  const content: Record<string, Json> = each.isFileOnly
    ? {}
    : { 'application/json': { schema: schemaOf(each.response), example: example.response } };
  // Any bytes: what a file holds is its own format's matter.
  for (const type of each.files) content[type] = { schema: {} };
  const responses: Record<string, Json> = { [String(each.status)]: { description: 'Done', content } };
  if (each.method === 'get' && !each.isFileOnly)
    responses['304'] = { description: 'What `If-None-Match` names is what there is' };
  for (const [status, codes] of refusalsOf(each)) {
    const named = codes.length === 0 ? '' : `: ${codes.map((code) => `\`${code}\``).join(', ')}`;
    responses[String(status)] = error(`${STATUS_TEXT[status] ?? 'Error'}${named}`);
  }
  return {
    operationId: each.name,
    summary: each.summary,
    ...(each.access === 'public' ? {} : { security: [{ token: [] }] }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(each.upload === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/octet-stream': { schema: {} } } } }),
    ...(each.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: schemaOf(each.body), example: example.body } },
          },
        }),
    responses,
  };
}

function parametersOf(
  schema: z.ZodType,
  place: 'path' | 'query',
  schemaOf: SchemaOf,
  example: Readonly<Record<string, string>> = {},
): Json[] {
  const { properties, required } = schemaOf(schema) as {
    readonly properties?: Readonly<Record<string, Json>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties ?? {}).map(([name, parameter]) => ({
    name,
    in: place,
    required: place === 'path' || (required ?? []).includes(name),
    schema: parameter,
    ...(example[name] === undefined ? {} : { example: example[name] }),
  }));
}

function compat(name: string, each: CompatOperation, schemaOf: SchemaOf): Json {
  const parameters = [...each.path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => ({
    name: parameter,
    in: 'path',
    required: true,
    schema: { type: 'string', minLength: 1 },
  }));
  const statuses = new Map<number, string[]>(
    [400, 403, 404, 409, 422, 429, 500, 502, 503, 504].map((status) => [status, []]),
  );
  if (each.body !== undefined) for (const status of [408, 413, 415]) statuses.set(status, []);
  for (const [status, text] of each.errors) statuses.get(status)?.push(text);
  const responses: Record<string, Json> = {
    '200': {
      description: 'Done',
      content: { [each.type ?? 'application/json']: { schema: schemaOf(each.response) } },
    },
    '401': error(
      `${STATUS_TEXT[401]}, unless the node was started with \`--edmp-compat-open\``,
      'CompatError',
    ),
  };
  if (each.method === 'get' && each.type === undefined)
    responses['304'] = { description: 'What `If-None-Match` names is what there is' };
  for (const [status, texts] of statuses)
    responses[String(status)] = error([STATUS_TEXT[status] ?? 'Error', ...texts].join('; '), 'CompatError');
  return {
    operationId: `compat${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    tags: ['EDMP 2019'],
    summary: each.summary,
    security: [{ token: [] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(each.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: {
              'application/x-www-form-urlencoded': { schema: schemaOf(each.body) },
              'application/json': { schema: schemaOf(each.body) },
            },
          },
        }),
    responses,
  };
}

const own = (statuses: readonly number[]): Record<string, Json> =>
  Object.fromEntries(statuses.map((status) => [String(status), error(STATUS_TEXT[status] ?? 'Error')]));

function describing(): Json {
  return {
    operationId: 'openapi',
    summary: 'This document',
    responses: {
      '200': { description: 'OpenAPI 3.1', content: { 'application/json': { schema: { type: 'object' } } } },
      '304': { description: 'What `If-None-Match` names is what there is' },
      ...own([403, 500, 504]),
    },
  };
}

function healthCheck(schemaOf: SchemaOf): Json {
  return {
    operationId: 'health',
    summary: 'Whether the node answers',
    responses: {
      '200': { description: 'It does', content: { 'application/json': { schema: schemaOf(health) } } },
      '304': { description: 'What `If-None-Match` names is what there is' },
      ...own([403, 500, 503, 504]),
    },
  };
}

function metrics(): Json {
  return {
    operationId: 'metrics',
    summary: "Counts in Prometheus' text format; no ids, no amounts",
    security: [{ token: [] }],
    responses: {
      '200': { description: 'Counts', content: { [METRICS_TYPE]: { schema: { type: 'string' } } } },
      '304': { description: 'What `If-None-Match` names is what there is' },
      ...own([401, 403, 500, 503, 504]),
    },
  };
}

function eventStream(): Json {
  return {
    operationId: 'events',
    summary:
      'Server-sent events: `ready` once, then one without a name per thing that happens, and `time` in between; ' +
      'reload what you show on `ready`, unless it says `resumed`',
    security: [{ token: [] }],
    parameters: [
      {
        name: 'live',
        in: 'query',
        required: false,
        description: 'Also events `live`: the power of the mounted meters, at most one a second each',
        schema: { type: 'string', enum: ['true'] },
      },
      {
        name: 'Last-Event-ID',
        in: 'header',
        required: false,
        description:
          'Id of the last event that the reader has; what came after it is told first, as far as it is kept',
        schema: { type: 'string', pattern: '^[0-9a-f]{12}-[0-9]{1,15}$' },
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
      ...own([400, 401, 403, 406, 429, 500]),
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
