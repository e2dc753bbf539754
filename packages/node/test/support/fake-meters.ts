import { EdmpError, type Environment } from '@edmp/interface';
import type { LiveView, MeterMounting, MeterView, MountView } from '@edmp/node';
import { csvMapOf } from '../../src/meters/csv-map.ts';
import { previewOf } from '../../src/meters/preview.ts';

/** The mounted meters of a fake node: in memory, live from the start, filled by any file of at least one byte. */
export interface FakeMeters extends MeterMounting {
  /** Tells a power as a running meter would. */
  tell(live: LiveView): void;
  /** The meters as those that sell from them see them. */
  views(): readonly MeterView[];
}

/** See {@link FakeMeters}. */
export function fakeMeters(
  environment: Environment,
  emit: (type: 'meter', id: string, text: string) => void,
): FakeMeters {
  let mounts: readonly MountView[] = [];
  const listeners = new Set<(live: LiveView) => void>();
  const find = (name: string): MountView => {
    const found = mounts.find((mount) => mount.name === name);
    if (found === undefined) throw new EdmpError('ERR_NODE_NOT_FOUND', 'This node has no such meter');
    return found;
  };
  const change = (name: string, by: Partial<MountView>): void => {
    mounts = mounts.map((mount) => (mount.name === name ? { ...mount, ...by } : mount));
  };
  return {
    mounts: async () => mounts,
    async addMeter({ name = `meter-${mounts.length + 1}`, kind, address }) {
      if (mounts.some((mount) => mount.name === name))
        throw new EdmpError('ERR_NODE_CONFLICT', 'There is a meter of that name');
      if (address === 'https://192.0.2.9')
        throw new EdmpError('ERR_METER_PAIRING', 'Press the button on the meter');
      const view: MountView = {
        name,
        kind: kind ?? (address === undefined ? 'upload' : 'p1-tcp'),
        address: address ?? null,
        state: address === undefined ? 'idle' : 'live',
        problem: null,
        heard: address === undefined ? null : environment.now(),
        silentSince: null,
        live: null,
        oldest: null,
        newest: null,
      };
      mounts = [...mounts, view];
      emit('meter', name, `Meter ${name} was added`);
      return view;
    },
    discoverMeters: async () => ({
      found: [
        {
          kind: 'homewizard',
          name: 'P1 Meter',
          address: 'https://192.0.2.9',
          hint: 'button',
          mounted: mounts.find(({ address }) => address === 'https://192.0.2.9')?.name ?? null,
        },
        { kind: 'mqtt', name: 'cellar', address: 'mqtt://192.0.2.40', hint: 'topic', mounted: null },
      ],
      leftOut: 0,
      asked: ['192.0.2.2'],
    }),
    async removeMeter(name) {
      find(name);
      mounts = mounts.filter((mount) => mount.name !== name);
      emit('meter', name, `Meter ${name} was removed`);
    },
    async importReadings(name, file, how) {
      find(name);
      if (file.length === 0) throw new EdmpError('ERR_METER_FORMAT', 'The file is empty');
      // What begins so is a table that only its owner can explain.
      if (new TextDecoder().decode(file).startsWith('Zeitpunkt') && how?.csvMap === undefined)
        throw new EdmpError('ERR_METER_FORMAT', 'This table is of no known kind');
      change(name, { oldest: environment.now() - 86_400_000, newest: environment.now() });
      return {
        format: 'csv',
        added: 96,
        corrected: 0,
        duplicates: 0,
        outdated: 0,
        impossible: 0,
        issues: [],
      };
    },
    previewReadings: async (file, how) =>
      previewOf(file, {
        zone: how?.zone ?? 'Europe/Amsterdam',
        ...(how?.csvMap === undefined ? {} : { csv: csvMapOf(how.csvMap) }),
      }),
    async exportReadings({ meter, format }) {
      find(meter);
      return (async function* () {
        yield new TextEncoder().encode(format === 'csv' ? 'at,seconds\r\n' : '');
      })();
    },
    onLive(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    views: () =>
      mounts.map(({ name, kind, newest }) => ({
        id: name,
        source: kind,
        mount: name,
        label: name,
        lastUpdate: newest,
        zone: 'Europe/Amsterdam',
        cells: [],
        commodities:
          newest === null
            ? []
            : [
                { commodity: 'electricity', flow: 'import' },
                { commodity: 'electricity', flow: 'export' },
              ],
      })),
    tell(live) {
      change(live.meter, { live, heard: live.at, oldest: live.at - 86_400_000, newest: live.at });
      for (const listener of listeners) listener(live);
    },
  };
}
