import type { MeterMounting } from '../../meter-service.ts';
import type { MeterMounts } from '../../meters/meter-mounts.ts';

/** What the owner may do with mounted meters. */
export function mountingOf(mounts: MeterMounts): MeterMounting {
  return {
    mounts: (options) => mounts.mounts(options),
    discoverMeters: (options) => mounts.discoverMeters(options),
    addMeter: (request, options) => mounts.addMeter(request, options),
    removeMeter: (name, options) => mounts.removeMeter(name, options),
    importReadings: (name, file, how, options) => mounts.importReadings(name, file, how, options),
    previewReadings: (file, how, options) => mounts.previewReadings(file, how, options),
    exportReadings: (query, options) => mounts.exportReadings(query, options),
    onLive: (listener) => mounts.onLive(listener),
  };
}
