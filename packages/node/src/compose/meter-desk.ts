import {
  type AttestationLevel,
  type Commodity,
  type Environment,
  type Flow,
  type IntervalSeries,
  isEdmpError,
  type MeterDevice,
  type MeterSource,
  type RegisterReading,
} from '@edmp/interface';
import { boundedMap } from '@edmp/interface/bounded';
import { intervalSeries, type Zone, zoneOf } from '@edmp/oehu-client';
import { coarseCell } from '@edmp/oehu-client/privacy';
import type { MeterMounts, MountedDevice } from '../meters/meter-mounts.ts';
import type { CurveQuery, CurveView, MeterView } from '../service.ts';
import { NodeError } from './errors.ts';

/** Metres that each accuracy level of a listing stands for; at `hidden` no place is published. */
export const ACCURACY_METRES = { street: 200, town: 3_000, region: 28_000, hidden: 100_000 } as const;

/** Longest period that one look at a meter may cover, days. */
const MAX_DAYS = 400;
/** How long fetched readings serve again, ms: opening a listing right after looking at it must not fetch twice. */
const CACHE_MS = 60_000;
const CACHE_ENTRIES = 8;
const DAY = 86_400_000;

const SOLD_BY_HOUSEHOLDS: readonly { readonly commodity: Commodity; readonly flow: Flow }[] = [
  { commodity: 'electricity', flow: 'import' },
  { commodity: 'electricity', flow: 'export' },
  { commodity: 'gas', flow: 'import' },
];

/** A node's view of its meters. */
export interface MeterDesk {
  meters(): Promise<readonly MeterView[]>;
  /** Throws `ERR_NODE_NOT_FOUND` for an unknown meter. */
  device(id: string): Promise<MeterDevice>;
  /** How many others sell within a cell; a place is told no finer than where others sell. */
  neighbours(): Promise<(cell: string) => number>;
  /** Reads, verifies and turns into intervals. Throws `ERR_METER_*` and `ERR_NODE_NOT_FOUND`. */
  series(query: CurveQuery): Promise<IntervalSeries>;
}

/** Options of {@link meterDesk}. */
export interface MeterDeskOptions {
  /** What `--meters` names; without it and without a mounted meter every call throws `ERR_NODE_NO_METER`. */
  readonly source: MeterSource | undefined;
  /** The meters that the owner mounted; they come first. */
  readonly mounts: Pick<MeterMounts, 'devices' | 'registers' | 'zoneOf' | 'on'>;
  readonly environment: Environment;
  /** How many others sell within a cell: the k-rule of places. Default: nobody. */
  readonly neighbours?: () => Promise<(cell: string) => number>;
  /** IANA zone whose midnights days begin at. */
  readonly zone: string;
}

/** Reads mounted meters and those of a {@link MeterSource}, keeping the last few fetches for a minute. */
export function meterDesk(options: MeterDeskOptions): MeterDesk {
  const { environment, source, mounts } = options;
  const cache = boundedMap<
    string,
    { readonly at: number; readonly readings: Promise<readonly RegisterReading[]> }
  >({ max: CACHE_ENTRIES });

  const noMeter = (): NodeError =>
    new NodeError(
      'ERR_NODE_NO_METER',
      'This node has no meter; mount one, or start it with --meters emulator or --meters URL',
    );

  // What was read before a new reading came is no longer true.
  mounts.on(({ meter, recorded }) => {
    if (!recorded) return;
    for (const [key] of [...cache.entries()]) if (key.startsWith(`${meter}|`)) cache.delete(key);
  });

  const period = (query: CurveQuery, zone: Zone): { readonly from: number; readonly to: number } => {
    const from = zone.midnight(query.from);
    const to = zone.nextDay(zone.midnight(query.to));
    if (to <= from || to - from > MAX_DAYS * DAY) {
      throw new NodeError(
        'ERR_NODE_CONFIG',
        `Choose 1 to ${MAX_DAYS} days, got ${query.from} to ${query.to}`,
      );
    }
    return { from, to };
  };

  const fetchReadings = async (
    { meter, commodity, flow }: CurveQuery,
    from: number,
    to: number,
  ): Promise<readonly RegisterReading[]> => {
    const mounted = mounts.registers(meter, { from, to, commodity, flow });
    if (mounted !== undefined) return mounted;
    if (source === undefined) throw noMeter();
    const all: RegisterReading[] = [];
    for await (const reading of source.readings(meter, { from, to })) all.push(reading);
    return all;
  };

  const readings = (query: CurveQuery, from: number, to: number): Promise<readonly RegisterReading[]> => {
    const { meter, commodity, flow } = query;
    const kind = mounts.zoneOf(meter) === undefined ? '' : `${commodity}|${flow}`;
    const key = `${meter}|${from}|${to}|${kind}`;
    const now = environment.now();
    const known = cache.get(key);
    if (known !== undefined && now - known.at < CACHE_MS) return known.readings;
    const fetched = fetchReadings(query, from, to);
    fetched.catch(() => cache.delete(key));
    cache.set(key, { at: now, readings: fetched });
    return fetched;
  };

  /** Devices of all meters; the source of `--meters` may fail where there are others. */
  const devices = async (): Promise<readonly ListedDevice[]> => {
    const mounted = await mounts.devices();
    if (source === undefined) {
      if (mounted.length === 0) throw noMeter();
      return mounted;
    }
    const others = await source.devices().catch((error: unknown) => {
      if (mounted.length === 0) throw error;
      return [];
    });
    return [...mounted, ...others];
  };

  const desk: MeterDesk = {
    async meters() {
      const [all, othersIn] = await Promise.all([devices(), desk.neighbours()]);
      return all.map((device) => viewOf(device, options.zone, othersIn));
    },
    async device(id) {
      const device = (await devices()).find((candidate) => candidate.id === id);
      if (device === undefined)
        throw new NodeError('ERR_NODE_NOT_FOUND', `This node has no meter ${JSON.stringify(id)}`);
      return device;
    },
    neighbours: options.neighbours ?? (async () => () => 0),
    async series(query) {
      const zone = mounts.zoneOf(query.meter) ?? options.zone;
      const { from, to } = period(query, zoneOf(zone));
      try {
        return intervalSeries(await readings(query, from, to), { ...query, from, to, zone });
      } catch (error) {
        if (isEdmpError(error, 'ERR_METER_UNKNOWN_DEVICE')) {
          throw new NodeError('ERR_NODE_NOT_FOUND', error.message, { cause: error });
        }
        throw error;
      }
    },
  };
  return desk;
}

/** A series as the GUI draws it. */
export function curveView(series: IntervalSeries): CurveView {
  const attestation: AttestationLevel = series.trust;
  return {
    commodity: series.commodity,
    flow: series.flow,
    unit: series.unit,
    step: series.step,
    zone: series.zone,
    start: series.start,
    values: series.values,
    attestation,
    verified: series.verified,
  };
}

/** A device, and of a mounted one what its mount tells. */
type ListedDevice = MeterDevice & Partial<Pick<MountedDevice, 'mount' | 'zone' | 'kinds'>>;

function viewOf(device: ListedDevice, zone: string, othersIn: (cell: string) => number): MeterView {
  return {
    id: device.id,
    source: device.source,
    mount: device.mount ?? null,
    label: labelOf(device),
    lastUpdate: device.lastUpdate,
    zone: device.zone ?? zone,
    cells: (['street', 'town', 'region', 'hidden'] as const).map((accuracy) => {
      const metres = Math.max(ACCURACY_METRES[accuracy], device.location?.accuracyMetres ?? 0);
      const cell = coarseCell(device.location, metres, { othersIn });
      // Coarser than wished for, because too few others sell there.
      return { accuracy, cell, widened: cell !== coarseCell(device.location, metres) };
    }),
    commodities: device.kinds ?? SOLD_BY_HOUSEHOLDS,
  };
}

function labelOf(device: ListedDevice): string {
  if (device.mount !== undefined && device.household === null) return device.mount;
  const kind = device.household?.kind ?? 'Meter';
  const people = device.household?.occupants ?? null;
  const parts = [kind.charAt(0).toUpperCase() + kind.slice(1)];
  if (people !== null) parts.push(people === 1 ? '1 person' : `${people} people`);
  if (device.location !== null) {
    const { latitude, longitude } = device.location;
    parts.push(
      `near ${Math.abs(latitude).toFixed(1)} ${latitude < 0 ? 'S' : 'N'} ${Math.abs(longitude).toFixed(1)} ${longitude < 0 ? 'W' : 'E'}`,
    );
  }
  return parts.join(', ');
}
