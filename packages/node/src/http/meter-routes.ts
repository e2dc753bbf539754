import { EdmpError, isEdmpError } from '@edmp/interface';
import { EXPORT_FILES } from '@edmp/oehu-client/export';
import * as z from 'zod';
import { mountRequest } from '../meters/settings.ts';
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
} from './meter-views.ts';
import { curveQuery, meterParams } from './requests.ts';
import { type Route, route } from './route.ts';
import { curve, list, meter, reveals } from './views.ts';

/** Largest meter file that is taken at once: two years of minutes as CSV. */
export const MAX_METER_FILE_BYTES: number = 64 << 20;

/** The routes of the owner's meters. */
export const meterRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/meters',
    summary: "The owner's meters",
    access: 'private',
    response: list('meters', meter),
    handle: async (service) => ({ meters: await service.meters() }),
  }),
  route({
    method: 'get',
    path: '/v1/mounts',
    summary: 'The meters that the node reads itself, and how each is connected',
    access: 'private',
    response: list('mounts', mount),
    handle: async (service) => ({ mounts: await service.mounts() }),
  }),
  route({
    method: 'post',
    path: '/v1/meters',
    summary:
      'Mount a meter; `ERR_METER_PAIRING` asks to press the button of a HomeWizard meter and to send the request again',
    access: 'write',
    status: 201,
    body: mountRequest,
    response: mount,
    handle: (service, { body }) => service.addMeter(body),
  }),
  route({
    method: 'post',
    path: '/v1/meters/discover',
    summary:
      'Look once for meters and MQTT brokers on the local network: asks everybody there by multicast DNS, as nothing else does',
    access: 'write',
    body: discoveryRequest,
    response: discovery,
    handle: (service, { body: { seconds } }) =>
      service.discoverMeters(seconds === undefined ? {} : { seconds }),
  }),
  route({
    method: 'delete',
    path: '/v1/meters/{id}',
    summary:
      'Stop reading a mounted meter and forget its token; with `readings=true` also what was recorded of it',
    access: 'write',
    params: meterParams,
    query: removeQuery,
    response: removed,
    handle: async (service, { params, query }) => {
      await service.removeMeter(params.id, { readings: query.readings });
      return { removed: true as const };
    },
  }),
  route({
    method: 'post',
    path: '/v1/meters/{id}/readings',
    summary: 'Record what a meter file holds: the body is the file',
    access: 'write',
    params: meterParams,
    query: importQuery,
    upload: MAX_METER_FILE_BYTES,
    response: imported,
    handle: async (service, { params, query, file, signal }) => {
      try {
        return await service.importReadings(params.id, file, query, { signal });
      } catch (error) {
        throw refused(error);
      }
    },
  }),
  route({
    method: 'post',
    path: '/v1/readings/preview',
    summary:
      'How a meter file would be read, with a guessed map of its columns when it is a table of no known kind; nothing is recorded',
    access: 'private',
    query: importQuery,
    upload: MAX_METER_FILE_BYTES,
    response: preview,
    handle: async (service, { query, file, signal }) => {
      try {
        return await service.previewReadings(file, query, { signal });
      } catch (error) {
        throw refused(error);
      }
    },
  }),
  route({
    method: 'get',
    path: '/v1/meters/{id}/readings',
    summary:
      'Recorded readings of local days as a file: CSV, one JSON object a line, Parquet, CIM (IEC 61968-9) or SenML',
    access: 'private',
    params: meterParams,
    query: exportQuery,
    response: z.string(),
    files: Object.values(EXPORT_FILES).map(({ mediaType }) => mediaType.split(';')[0] ?? mediaType),
    isFileOnly: true,
    handle: async (service, { params, query }) => {
      const { mediaType, extension } = EXPORT_FILES[query.format];
      return {
        contentType: mediaType,
        filename: `meter-${query.from}-${query.to}.${extension}`,
        content: await service.exportReadings({ meter: params.id, ...query }),
      };
    },
  }),
  route({
    method: 'get',
    path: '/v1/meters/{id}/curve',
    summary: 'Load curve of a meter',
    access: 'private',
    params: meterParams,
    query: curveQuery,
    response: curve,
    handle: (service, { params, query }) => service.curve({ meter: params.id, ...query }),
  }),
  route({
    method: 'get',
    path: '/v1/meters/{id}/reveals',
    summary: 'What a curve would reveal to a stranger, at the asked step and at coarser ones, finest first',
    access: 'private',
    params: meterParams,
    query: curveQuery,
    response: list('reveals', reveals),
    handle: async (service, { params, query }) => ({
      reveals: await service.reveals({ meter: params.id, ...query }),
    }),
  }),
];

/** A file that cannot be read is the caller's to mend; a meter that cannot is not (502). */
class RefusedFile extends EdmpError {
  readonly status = 422;
}

function refused(error: unknown): unknown {
  if (!isEdmpError(error) || !error.code.startsWith('ERR_METER_') || error.code === 'ERR_METER_STORE')
    return error;
  return new RefusedFile(error.code, error.message, { cause: error });
}
