import type { AbortOptions } from '@edmp/interface';
import * as z from 'zod';
import {
  discovery,
  discoveryRequest,
  exportQuery,
  imported,
  importQuery,
  mount,
  preview,
  removed,
  removeQuery,
} from '../../http/meter-views.ts';
import { curveQuery, meterParams } from '../../http/requests.ts';
import { curve, meter, reveals } from '../../http/views.ts';
import type { ExportQuery, ImportOptions, MountRequest } from '../../meter-service.ts';
import { mountRequest } from '../../meters/settings.ts';
import type { CurveQuery } from '../../service.ts';
import {
  type Binding,
  done,
  listed,
  nothingTaken,
  type OperationsOf,
  operation,
  plain,
  wholeBody,
} from '../operation.ts';

/** Largest meter file that is taken at once: two years of minutes as CSV. */
export const MAX_METER_FILE_BYTES: number = 64 << 20;

/** Media types that recorded readings leave in. */
export const READING_TYPES: readonly string[] = [
  'text/csv',
  'application/x-ndjson',
  'application/vnd.apache.parquet',
  'application/xml',
  'application/senml+json',
];

/** What may be wrong with a meter file. */
const FILE_ERRORS = ['ERR_METER_FORMAT', 'ERR_METER_SCHEMA', 'ERR_METER_LIMIT'];
const CURVE_ERRORS = ['ERR_METER_UNKNOWN_DEVICE', 'ERR_METER_RANGE', 'ERR_NODE_NO_METER'];

/** A method whose one argument names a meter, and the rest in the query. */
function meterAndQuery<Q extends object>(): Binding<
  [query: Q & { readonly meter: string }, options?: AbortOptions],
  { readonly params: { readonly id: string }; readonly query: Q }
> {
  return {
    parts: ({ meter: id, ...query }) => ({ params: { id }, query }),
    args: ({ params, query }, options) => [{ ...query, meter: params.id }, options],
  };
}

/** The owner's meters. */
export const meterOperations: OperationsOf<
  | 'meters'
  | 'mounts'
  | 'addMeter'
  | 'discoverMeters'
  | 'removeMeter'
  | 'importReadings'
  | 'previewReadings'
  | 'exportReadings'
  | 'curve'
  | 'reveals'
> = {
  meters: operation({
    method: 'get',
    path: '/v1/meters',
    summary: "The owner's meters",
    access: 'private',
    takes: nothingTaken,
    gives: listed('meters', meter),
  }),
  mounts: operation({
    method: 'get',
    path: '/v1/mounts',
    summary: 'The meters that the node reads itself, and how each is connected',
    access: 'private',
    takes: nothingTaken,
    gives: listed('mounts', mount),
  }),
  addMeter: operation({
    method: 'post',
    path: '/v1/meters',
    summary:
      'Mount a meter; `ERR_METER_PAIRING` asks to press the button of a HomeWizard meter and to send the request again',
    access: 'write',
    status: 201,
    body: mountRequest,
    errors: ['ERR_METER_PAIRING', 'ERR_METER_UNREACHABLE', 'ERR_NODE_CONFIG', 'ERR_NODE_CONFLICT'],
    takes: wholeBody<MountRequest>(),
    gives: plain(mount),
  }),
  discoverMeters: operation({
    method: 'post',
    path: '/v1/meters/discover',
    summary:
      'Look once for meters and MQTT brokers on the local network: asks everybody there by multicast DNS, as nothing else does',
    access: 'write',
    body: discoveryRequest,
    errors: ['ERR_METER_UNREACHABLE'],
    takes: {
      parts: ({ seconds }: AbortOptions & { readonly seconds?: number } = {}) => ({
        body: seconds === undefined ? {} : { seconds },
      }),
      args: ({ body: { seconds } }, options) => [seconds === undefined ? options : { ...options, seconds }],
    },
    gives: plain(discovery),
  }),
  removeMeter: operation({
    method: 'delete',
    path: '/v1/meters/{id}',
    summary:
      'Stop reading a mounted meter and forget its token; with `readings=true` also what was recorded of it',
    access: 'write',
    params: meterParams,
    query: removeQuery,
    errors: ['ERR_NODE_NOT_FOUND'],
    takes: {
      parts: (id: string, { readings }: AbortOptions & { readonly readings?: boolean } = {}) => ({
        params: { id },
        query: readings === true ? { readings } : {},
      }),
      args: ({ params, query }, options) => [params.id, { ...options, readings: query.readings }],
    },
    gives: done(removed, { removed: true }),
  }),
  importReadings: operation({
    method: 'post',
    path: '/v1/meters/{id}/readings',
    summary: 'Record what a meter file holds: the body is the file',
    access: 'write',
    params: meterParams,
    query: importQuery,
    upload: MAX_METER_FILE_BYTES,
    errors: [...FILE_ERRORS, 'ERR_NODE_NOT_FOUND'],
    takes: {
      parts: (id: string, file: Uint8Array, how?: ImportOptions, _?: AbortOptions) => ({
        params: { id },
        query: how ?? {},
        file,
      }),
      args: ({ params, file, query }, options) => [params.id, file, query, options],
    },
    gives: plain(imported),
  }),
  previewReadings: operation({
    method: 'post',
    path: '/v1/readings/preview',
    summary:
      'How a meter file would be read, with a guessed map of its columns when it is a table of no known kind; nothing is recorded',
    access: 'private',
    query: importQuery,
    upload: MAX_METER_FILE_BYTES,
    errors: FILE_ERRORS,
    takes: {
      parts: (file: Uint8Array, how?: ImportOptions, _?: AbortOptions) => ({ query: how ?? {}, file }),
      args: ({ file, query }, options) => [file, query, options],
    },
    gives: plain(preview),
  }),
  exportReadings: operation({
    method: 'get',
    path: '/v1/meters/{id}/readings',
    summary:
      'Recorded readings of local days as a file: CSV, one JSON object a line, Parquet, CIM (IEC 61968-9) or SenML',
    access: 'private',
    params: meterParams,
    query: exportQuery,
    files: READING_TYPES,
    isFileOnly: true,
    errors: ['ERR_NODE_NOT_FOUND', 'ERR_NODE_CONFIG'],
    takes: meterAndQuery<Omit<ExportQuery, 'meter'>>(),
    gives: plain(z.custom<AsyncIterable<Uint8Array>>()),
  }),
  curve: operation({
    method: 'get',
    path: '/v1/meters/{id}/curve',
    summary: 'Load curve of a meter',
    access: 'private',
    params: meterParams,
    query: curveQuery,
    errors: CURVE_ERRORS,
    takes: meterAndQuery<Omit<CurveQuery, 'meter'>>(),
    gives: plain(curve),
  }),
  reveals: operation({
    method: 'get',
    path: '/v1/meters/{id}/reveals',
    summary: 'What a curve would reveal to a stranger, at the asked step and at coarser ones, finest first',
    access: 'private',
    params: meterParams,
    query: curveQuery,
    errors: CURVE_ERRORS,
    takes: meterAndQuery<Omit<CurveQuery, 'meter'>>(),
    gives: listed('reveals', reveals),
  }),
};
