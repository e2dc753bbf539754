import {
  type AbortOptions,
  type Commodity,
  type Environment,
  type Flow,
  type MeterDevice,
  type MeterSource,
  type RegisterReading,
  throwIfAborted,
} from '@edmp/interface';
import { zoneOf } from '@edmp/oehu-client';
import { exportReadings, recordedBatches } from '@edmp/oehu-client/export';
import { createRecorder, type ReadingStore, type Recorder } from '@edmp/oehu-client/recorder';
import { sqliteReadingStore } from '@edmp/oehu-client/sqlite';
import type { DataFolder } from '../compose/data-folder.ts';
import { NodeError } from '../compose/errors.ts';
import { oehuMeters } from '../compose/oehu.ts';
import type {
  DiscoveryView,
  ExportQuery,
  FoundMeter,
  ImportOptions,
  ImportView,
  LiveView,
  MeterMounting,
  MountKind,
  MountRequest,
  MountView,
  PreviewView,
} from '../meter-service.ts';
import { ClockWatch } from './clock-watch.ts';
import { NetworkLook } from './discovery/discover.ts';
import { METER_FEEDS } from './meter-feeds.ts';
import { Mount } from './mount.ts';
import { isKeyed, settingsFor } from './mount-request.ts';
import { readingOptions } from './reading/import-options.ts';
import { createMeterReader, type MeterReader } from './reading/meter-reader.ts';
import { inTurns, recordPieces } from './record-in-turns.ts';
import { type MeterRegistry, openMeterRegistry } from './registry.ts';
import type { MeterSettings } from './settings.ts';

/** Options of {@link openMeterMounts}. */
export interface MeterMountsOptions {
  readonly folder: Pick<DataFolder, 'readingsFile' | 'metersFile'>;
  readonly environment: Environment;
  /** IANA zone of meters that name none. */
  readonly zone: string;
  /** Addresses of this computer in the networks that are looked at when asked; default all that it is in. */
  readonly ownAddresses?: readonly string[];
  /** How long this computer has been running, its sleep included, ms; without it nobody is told when its clock is set. */
  readonly uptime?: (() => number) | undefined;
}

/** A device of a mounted meter, for who sells from it. */
export interface MountedDevice extends MeterDevice {
  /** Name of the meter that it is mounted as. */
  readonly mount: string;
  readonly zone: string;
  /** What it has readings of; undefined: whatever its source tells. */
  readonly kinds: readonly { readonly commodity: Commodity; readonly flow: Flow }[] | undefined;
}

/** What to read of a device. */
export interface MountedRange extends AbortOptions {
  readonly from: number;
  readonly to: number;
  readonly commodity: Commodity;
  readonly flow: Flow;
}

/** Something happened to a mounted meter. */
export interface MountEvent {
  /** Name of the meter. */
  readonly meter: string;
  readonly text: string;
  /** There are new readings. */
  readonly recorded: boolean;
}

/** The mounted meters of a node with their recorder. */
export interface MeterMounts extends MeterMounting, AsyncDisposable {
  /** Devices of all mounted meters; an OEHU API that does not answer has none. */
  devices(options?: AbortOptions): Promise<readonly MountedDevice[]>;
  /** Registers of a device; undefined when no mounted meter has it. */
  registers(device: string, range: MountedRange): Promise<readonly RegisterReading[]> | undefined;
  /** IANA zone of a device; undefined when no mounted meter has it. */
  zoneOf(device: string): string | undefined;
  on(listener: (event: MountEvent) => void): () => void;
  /** Stops reading and closes the store. Idempotent. */
  stop(): Promise<void>;
}

const DAY = 86_400_000;
/** Pause between two looks at what is too old to be kept. */
const RETENTION_MS = 3_600_000;
/** Readings often come together; one event tells of them. */
const NEWS_MS = 2_000;

/** Opens the recorder and connects every meter of the registry. Throws `ERR_NODE_DATA`, `ERR_METER_STORE`. */
export function openMeterMounts(options: MeterMountsOptions): MeterMounts {
  const registry = openMeterRegistry(options.folder.metersFile);
  const store = sqliteReadingStore({ path: options.folder.readingsFile });
  return new RecordedMounts(options, registry, store);
}

class RecordedMounts implements MeterMounts {
  readonly #environment: Environment;
  readonly #zone: string;
  readonly #registry: MeterRegistry;
  readonly #store: ReadingStore;
  readonly #recorder: Recorder;
  readonly #reader: MeterReader;
  /** Meters whose readings are just being deleted. */
  readonly #forgetting = new Set<string>();
  readonly #running = new Map<string, Mount>();
  /** Meters that are OEHU APIs: their readings stay there, with their signatures. */
  readonly #apis = new Map<string, MeterSource>();
  /** Why an API did not answer when it was last asked; null when it did. */
  readonly #apiProblems = new Map<string, string | null>();
  readonly #silent = new Map<string, number>();
  readonly #network: NetworkLook;
  readonly #clock: ClockWatch | undefined;
  readonly #news = new Map<string, () => void>();
  readonly #listeners = new Set<(event: MountEvent) => void>();
  readonly #liveListeners = new Set<(live: LiveView) => void>();
  #cancelRetention: () => void = () => undefined;
  #stopping: Promise<void> | undefined;

  constructor(
    { environment, zone, ownAddresses, uptime }: MeterMountsOptions,
    registry: MeterRegistry,
    store: ReadingStore,
  ) {
    this.#environment = environment;
    this.#zone = zone;
    this.#registry = registry;
    this.#store = store;
    const mountedAs = (found: Pick<FoundMeter, 'kind' | 'address'>): string | null =>
      registry.all().find((one) => isFound(one, found))?.name ?? null;
    this.#network = new NetworkLook({ environment, own: ownAddresses, mountedAs });
    const onSet = (byMs: number): void => {
      for (const mount of this.#running.values()) mount.clockSet(byMs);
    };
    this.#clock = uptime === undefined ? undefined : new ClockWatch({ environment, uptime, onSet });
    this.#recorder = createRecorder({ store, environment });
    this.#reader = createMeterReader({ environment });
    this.#recorder.on((event) => {
      if (event.type === 'silent') {
        this.#silent.set(event.meter, event.since);
        this.#tell(event.meter, 'told nothing new for longer than usual', false);
      } else if (event.count.added + event.count.corrected > 0) {
        this.#silent.delete(event.meter);
        this.#tellRecorded(event.meter);
      }
    });
    for (const settings of registry.all()) this.#start(settings);
    this.#retain();
  }

  async mounts(options: AbortOptions = {}): Promise<readonly MountView[]> {
    throwIfAborted(options.signal);
    const recorded = await this.#recorded();
    return this.#registry.all().map((settings) => {
      const { name, kind, address } = settings;
      const mount = this.#running.get(name);
      const known = recorded.get(name);
      const problem = this.#apiProblems.get(name);
      return {
        name,
        kind,
        address: address === undefined ? null : withoutQuery(address),
        state:
          mount?.state ??
          (kind !== 'oehu'
            ? 'idle'
            : problem === undefined
              ? 'connecting'
              : problem === null
                ? 'live'
                : 'lost'),
        problem: mount?.problem ?? problem ?? null,
        heard: mount?.heard ?? null,
        silentSince: this.#silent.get(name) ?? null,
        live: mount?.live ?? null,
        oldest: known?.oldest ?? null,
        newest: known?.newest ?? null,
      };
    });
  }

  async addMeter(request: MountRequest, { signal }: AbortOptions = {}): Promise<MountView> {
    throwIfAborted(signal);
    const isTaken = (name: string): boolean => this.#registry.all().some((one) => one.name === name);
    const settings = await settingsFor(request, { environment: this.#environment, isTaken, signal });
    if (this.#stopping !== undefined) throw new NodeError('ERR_NODE_CONFLICT', 'The node is stopping');
    if (this.#forgetting.has(settings.name))
      throw new NodeError(
        'ERR_NODE_CONFLICT',
        `The readings of a meter named ${settings.name} are just being deleted; try again in a moment`,
      );
    // Two of one meter would sell each of its days twice, and each as the only one.
    const same = this.#registry.all().find((one) => isSameMeter(one, settings));
    if (same !== undefined)
      throw new NodeError(
        'ERR_NODE_CONFLICT',
        `${withoutQuery(settings.address ?? '')} is mounted already, as ${same.name}; remove that first`,
      );
    this.#registry.add(settings);
    this.#start(settings);
    this.#tell(settings.name, 'was added', false);
    return this.#view(settings.name);
  }

  discoverMeters(options: AbortOptions & { readonly seconds?: number } = {}): Promise<DiscoveryView> {
    return this.#network.look(options);
  }

  async removeMeter(
    name: string,
    options: AbortOptions & { readonly readings?: boolean } = {},
  ): Promise<void> {
    throwIfAborted(options.signal);
    const isMounted = this.#registry.remove(name);
    if (isMounted) {
      this.#apis.delete(name);
      this.#apiProblems.delete(name);
      this.#recorder.expect(name, undefined);
      this.#silent.delete(name);
      const mount = this.#running.get(name);
      // While it stops, another one of that name may start.
      this.#running.delete(name);
      await mount?.leave();
    }
    // Readings of a meter that was removed before can still be removed.
    const isRecorded = options.readings === true && (await this.#recorded()).has(name);
    if (!isMounted && !isRecorded) throw unknownMeter(name);
    if (isRecorded) await this.#forget(name);
    this.#tell(name, 'was removed', true);
  }

  async importReadings(
    name: string,
    file: Uint8Array,
    how: ImportOptions = {},
    { signal }: AbortOptions = {},
  ): Promise<ImportView> {
    throwIfAborted(signal);
    const settings = this.#settings(name);
    if (settings.kind === 'oehu')
      throw new NodeError(
        'ERR_NODE_CONFLICT',
        'The readings of an OEHU API stay there; add a meter for the file',
      );
    const otherwise = { zone: settings.zone ?? this.#zone, now: this.#environment.now() };
    const key = isKeyed(settings.kind) ? settings.token : undefined;
    const options = { ...readingOptions(how, otherwise), ...(key === undefined ? {} : { key }) };
    return this.#reader.read(
      file,
      options,
      async ({ kind, issues, readings }) => {
        const sum = await recordPieces(this.#recorder, name, readings, () => {
          throwIfAborted(signal);
          // Removed meanwhile, perhaps with its readings: nothing more is written of it.
          if (this.#settings(name) !== settings) throw unknownMeter(name);
        });
        return { format: kind, ...sum, issues };
      },
      { signal },
    );
  }

  async previewReadings(
    file: Uint8Array,
    how: ImportOptions = {},
    { signal }: AbortOptions = {},
  ): Promise<PreviewView> {
    throwIfAborted(signal);
    const options = readingOptions(how, { zone: this.#zone, now: this.#environment.now() });
    return this.#reader.preview(file, options, { signal });
  }

  async exportReadings(
    { meter, from, to, format }: ExportQuery,
    { signal }: AbortOptions = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    throwIfAborted(signal);
    const zone = zoneOf(this.zoneOf(meter) ?? this.#zone);
    const [start, end] = [zone.midnight(from), zone.nextDay(zone.midnight(to))];
    if (!(start < end))
      throw new NodeError('ERR_NODE_CONFIG', `The last day must not be before the first: ${from} to ${to}`);
    if (!(await this.#recorded()).has(meter)) this.#settings(meter);
    // A year of zeros is read in seconds, and no store has readings before or after its own.
    const recorded = (await this.#recorded()).get(meter);
    const range = {
      meter,
      from: Math.max(start, recorded?.oldest ?? end),
      to: Math.min(end, (recorded?.newest ?? start) + 1),
    };
    const batches = recordedBatches(this.#store, range, { signal });
    const pieces = exportReadings(batches, {
      format,
      meter,
      zone: zone.name,
      ...(signal === undefined ? {} : { signal }),
    });
    return inTurns(pieces);
  }

  onLive(listener: (live: LiveView) => void): () => void {
    this.#liveListeners.add(listener);
    return () => this.#liveListeners.delete(listener);
  }

  on(listener: (event: MountEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async devices({ signal }: AbortOptions = {}): Promise<readonly MountedDevice[]> {
    const recorded = await this.#recorded();
    const all = this.#registry.all().map(async (settings): Promise<readonly MountedDevice[]> => {
      const { name, kind } = settings;
      const zone = settings.zone ?? this.#zone;
      const api = this.#apis.get(name);
      if (api !== undefined) {
        // One API that does not answer hides no other meter.
        const devices = await this.#apiDevices(name, api, signal);
        return devices.map((device) => ({
          ...device,
          id: `${name}/${device.id}`,
          mount: name,
          zone,
          kinds: undefined,
        }));
      }
      const known = recorded.get(name);
      const common = { id: name, source: kind, location: null, household: null, mount: name, zone };
      return [{ ...common, lastUpdate: known?.newest ?? null, kinds: known?.kinds ?? [] }];
    });
    return (await Promise.all(all)).flat();
  }

  registers(device: string, range: MountedRange): Promise<readonly RegisterReading[]> | undefined {
    const settings = this.#owner(device);
    if (settings === undefined) return undefined;
    const api = this.#apis.get(settings.name);
    if (api !== undefined) return collect(api.readings(device.slice(settings.name.length + 1), range));
    return this.#recorder.registers({ ...range, meter: settings.name });
  }

  zoneOf(device: string): string | undefined {
    const settings = this.#owner(device);
    return settings === undefined ? undefined : (settings.zone ?? this.#zone);
  }

  stop(): Promise<void> {
    this.#stopping ??= (async () => {
      this.#cancelRetention();
      for (const cancel of this.#news.values()) cancel();
      this.#clock?.stop();
      await this.#network.stop();
      // Mounts first: what they have read then ends for them, and is no fault of their files.
      const mounts = [...this.#running.values()].map((mount) => mount.stop());
      await Promise.all([...mounts, this.#reader.stop()]);
      await this.#recorder.stop();
      await this.#store.close();
    })();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Devices of an OEHU API; none when it does not answer, which its mount then says. */
  async #apiDevices(
    name: string,
    api: MeterSource,
    signal: AbortSignal | undefined,
  ): Promise<readonly MeterDevice[]> {
    try {
      const devices = await api.devices({ signal });
      this.#apiProblems.set(name, null);
      return devices;
    } catch (error) {
      throwIfAborted(signal);
      this.#apiProblems.set(name, error instanceof Error ? error.message.slice(0, 300) : 'It cannot be read');
      return [];
    }
  }

  #start(settings: MeterSettings): void {
    const { name, kind, address = '' } = settings;
    if (kind === 'oehu') {
      this.#apis.set(name, oehuMeters(address, this.#environment));
      return;
    }
    const feed = METER_FEEDS[kind];
    if (feed === undefined) return;
    const silentMinutes = settings.silentMinutes ?? feed.silentMinutes;
    if (silentMinutes !== undefined) this.#recorder.expect(name, silentMinutes * 60_000);
    const environment = this.#environment;
    const mount = new Mount({
      settings,
      feed: feed.open({ settings, environment, zone: settings.zone ?? this.#zone, reader: this.#reader }),
      recorder: this.#recorder,
      environment,
      onChange: (text) => this.#tell(name, text, false),
      onLive: (live) => {
        for (const listener of [...this.#liveListeners]) listener(live);
      },
    });
    this.#running.set(name, mount);
  }

  #owner(device: string): MeterSettings | undefined {
    return this.#registry
      .all()
      .find(({ name, kind }) => (kind === 'oehu' ? device.startsWith(`${name}/`) : name === device));
  }

  #settings(name: string): MeterSettings {
    const found = this.#registry.all().find((one) => one.name === name);
    if (found === undefined) throw unknownMeter(name);
    return found;
  }

  /** Deletes what was recorded of a meter, which takes seconds for years of it. */
  async #forget(name: string): Promise<void> {
    this.#forgetting.add(name);
    try {
      await this.#store.forget(name, Number.MAX_SAFE_INTEGER);
    } finally {
      this.#forgetting.delete(name);
    }
  }

  async #recorded() {
    return new Map((await this.#store.meters()).map((one) => [one.meter, one] as const));
  }

  async #view(name: string): Promise<MountView> {
    const view = (await this.mounts()).find((one) => one.name === name);
    if (view === undefined) throw unknownMeter(name);
    return view;
  }

  /** Lets go of what is older than its owner wants to keep, now and every hour. */
  #retain(): void {
    const now = this.#environment.now();
    const forgotten = this.#registry
      .all()
      .flatMap(({ name, keepDays }) =>
        keepDays === undefined ? [] : [this.#store.forget(name, now - keepDays * DAY)],
      );
    // A store that fails says so to whoever records or reads.
    void Promise.allSettled(forgotten);
    this.#cancelRetention = this.#environment.schedule(RETENTION_MS, () => this.#retain());
  }

  #tellRecorded(meter: string): void {
    if (this.#news.has(meter) || this.#stopping !== undefined) return;
    const cancel = this.#environment.schedule(NEWS_MS, () => {
      this.#news.delete(meter);
      this.#tell(meter, 'has new readings', true);
    });
    this.#news.set(meter, cancel);
  }

  #tell(meter: string, text: string, recorded: boolean): void {
    for (const listener of [...this.#listeners])
      listener({ meter, text: `Meter ${meter} ${text}`, recorded });
  }
}

async function collect(readings: AsyncIterable<RegisterReading>): Promise<readonly RegisterReading[]> {
  const all: RegisterReading[] = [];
  for await (const reading of readings) all.push(reading);
  return all;
}

/** Kinds whose address alone says what is read. */
const READ_WHOLE: readonly MountKind[] = ['homewizard', 'p1-tcp', 'p1-device', 'oehu', 'url', 'folder'];

/** Whether two mounts read one and the same thing. */
function isSameMeter(one: MeterSettings, other: MeterSettings): boolean {
  return READ_WHOLE.includes(one.kind) && one.kind === other.kind && one.address === other.address;
}

/** Whether a mounted meter is one that was found: by its host, for a HomeWizard meter has two APIs. */
function isFound(one: MeterSettings, found: Pick<FoundMeter, 'kind' | 'address'>): boolean {
  if (one.kind !== found.kind || one.address === undefined) return false;
  const [mine, theirs] = [URL.parse(one.address), URL.parse(found.address)];
  if (found.kind === 'mqtt') return mine?.host === theirs?.host;
  return mine?.hostname === theirs?.hostname;
}

/** Queries of addresses often hold keys. */
function withoutQuery(address: string): string {
  const [plain = '', query] = address.split('?', 2);
  return query === undefined ? plain : `${plain}?…`;
}

function unknownMeter(name: string): NodeError {
  return new NodeError('ERR_NODE_NOT_FOUND', `There is no meter ${JSON.stringify(name.slice(0, 80))}`);
}
