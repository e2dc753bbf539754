import type { AbortOptions, Commodity, Flow } from '@edmp/interface';
import type { ExportFormat } from '@edmp/oehu-client/export';
import type { MqttMap } from '@edmp/oehu-client/live';

/** What a mounted meter is read through: a row of `METER_FEEDS`, and `upload` for one that is only filled by hand. */
export const MOUNT_KINDS = [
  'homewizard',
  'p1-tcp',
  'p1-device',
  'mqtt',
  'oehu',
  'url',
  'folder',
  'upload',
] as const;

/** See {@link MOUNT_KINDS}. */
export type MountKind = (typeof MOUNT_KINDS)[number];

/** States of a mounted meter: `idle` is one that is only filled by hand. */
export const MOUNT_STATES = ['connecting', 'live', 'lost', 'idle'] as const;
/** See {@link MOUNT_STATES}. */
export type MountState = (typeof MOUNT_STATES)[number];

/** The power that a meter tells at this moment, whole watts; null where it does not tell. */
export interface LiveView {
  /** Name of the meter. */
  readonly meter: string;
  /** When it was told, ms since the epoch, by the node's clock. */
  readonly at: number;
  readonly importW: number | null;
  readonly exportW: number | null;
}

/** How a meter is connected to the node. Tokens and passwords are never shown. */
export interface MountView {
  readonly name: string;
  readonly kind: MountKind;
  /** Address or path; null for a meter that is only filled by hand. */
  readonly address: string | null;
  readonly state: MountState;
  /** Why it is not live, or what was last wrong with what it told; null when nothing is. */
  readonly problem: string | null;
  /** When something was heard last since the node started, ms since the epoch. */
  readonly heard: number | null;
  /** Since when nothing new came, ms since the epoch, once that is longer than usual; else null. */
  readonly silentSince: number | null;
  /** The power of this moment; null when it is not told. */
  readonly live: LiveView | null;
  /** Oldest and newest recorded reading, ms since the epoch; null before the first. */
  readonly oldest: number | null;
  readonly newest: number | null;
}

/** Maps of MQTT topics that are there already, by name; `MQTT_MAPS` has what each reads. */
export const MQTT_MAPPINGS = ['dsmr-reader', 'dsmr-json', 'p1-telegram', 'zigbee2mqtt', 'tasmota'] as const;

/** A meter to mount. */
export interface MountRequest {
  /** 1 to 64 letters, digits, spaces, `. _ -`. Default: after its kind. */
  readonly name?: string | undefined;
  /** Default: found out from the address; `upload` without one. */
  readonly kind?: MountKind | undefined;
  /** `http(s)://HOST` of a HomeWizard meter, an OEHU API or a meter file, `tcp://HOST:PORT` of a P1 or HAN port, `mqtt(s)://HOST[:PORT][/TOPIC]` of a broker, or the absolute path of a serial device or folder. */
  readonly address?: string | undefined;
  /** IANA zone of the meter; default the node's. */
  readonly zone?: string | undefined;
  /** Speed of a serial device, bit/s. Default 115 200; 9 600 reads 7 bits with even parity (DSMR up to 3). */
  readonly baud?: number | undefined;
  /** Seconds from one look to the next, where the node asks. */
  readonly every?: number | undefined;
  /** Days that readings are kept; default for good. */
  readonly keepDays?: number | undefined;
  /** Minutes without a reading after which an event tells. */
  readonly silentMinutes?: number | undefined;
  /**
   * Token of a HomeWizard meter with API v2 that was paired before; of a customer port that encrypts, or of files from one, its key, 32
   * hexadecimal characters, and after a colon its authentication key.
   */
  readonly token?: string | undefined;
  /** Name and password that an MQTT broker asks for. */
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /**
   * How the messages of an MQTT broker are read: `dsmr-reader`, `dsmr-json`, `p1-telegram`, `zigbee2mqtt`, `tasmota`, or a map
   * of topics. Default: found out from the topic.
   */
  readonly mapping?: string | MqttMap | undefined;
  /** SHA-256 of the certificate that a HomeWizard meter with API v2 or an MQTT broker must show, hex. */
  readonly fingerprint?: string | undefined;
}

/** What can be found on a home's network by asking for it. */
export const FOUND_KINDS = ['homewizard', 'mqtt'] as const;
/**
 * What a found meter needs before it can be read: nothing (`ready`), its button pressed, its API switched on in the maker's
 * app, or the topic of a broker; `socket` and `battery` are no meters of a home.
 */
export const FOUND_HINTS = ['ready', 'button', 'api-off', 'topic', 'socket', 'battery'] as const;

/** A meter or broker that answered on the local network. Whatever it tells of itself is unproven. */
export interface FoundMeter {
  readonly kind: (typeof FOUND_KINDS)[number];
  /** What it calls itself: at most 40 letters, digits, spaces and `. _ -`. */
  readonly name: string;
  /** As {@link MountRequest.address} takes it; to that of a broker belongs a topic. */
  readonly address: string;
  readonly hint: (typeof FOUND_HINTS)[number];
  /** Name of the meter that it is mounted as; null when it is not. */
  readonly mounted: string | null;
}

/** What one look at the local network found. */
export interface DiscoveryView {
  readonly found: readonly FoundMeter[];
  /** Answers that were left out: of no home network, no answers at all, or too many. */
  readonly leftOut: number;
  /** Addresses of this computer in the networks that were asked. */
  readonly asked: readonly string[];
}

/** Longest and usual look at the local network, seconds. */
export const DISCOVERY_SECONDS = { usual: 4, longest: 15 } as const;

/** How a meter file is to be read, where it does not tell itself. */
export interface ImportOptions {
  /** A kind of `edmp meter formats`; default: found out. */
  readonly format?: string | undefined;
  /** IANA zone of times without an offset; default the meter's. */
  readonly zone?: string | undefined;
  /** When the file was taken, ms since the epoch. */
  readonly takenAt?: number | undefined;
  /** Seconds between two telegrams of a log that tells no time. */
  readonly spacing?: number | undefined;
  /** Whether the epochs of a Green Button file are UTC or local time. Default `utc`. */
  readonly clock?: 'utc' | 'local' | undefined;
  readonly commodity?: Commodity | undefined;
  readonly flow?: Flow | undefined;
  /** Map of the columns of a CSV file, as JSON. */
  readonly csvMap?: string | undefined;
}

/** What became of the readings of a meter file. */
export interface ImportView {
  /** Kind that the file was read as. */
  readonly format: string;
  readonly added: number;
  /** Moments whose amount was told anew. */
  readonly corrected: number;
  /** Known before. */
  readonly duplicates: number;
  /** Amounts that another one replaced since; the other one stays. */
  readonly outdated: number;
  /** Left out: nobody told their moment, or it cannot be. */
  readonly impossible: number;
  /** What could not be read or had to be assumed, the first 50. */
  readonly issues: readonly { readonly code: string; readonly at: string; readonly message: string }[];
}

/** Formats that recorded readings leave in. Every row must be there; a page that lists them need not load the writers. */
const READING_FILES: Readonly<Record<ExportFormat, true>> = {
  csv: true,
  json: true,
  parquet: true,
  cim: true,
  senml: true,
};
/** See {@link ExportQuery.format}. */
export const READING_FORMATS = Object.keys(READING_FILES) as readonly ExportFormat[];

/** How a meter file would be read, for its owner to confirm. */
export interface PreviewView {
  /** Kind that it is read as; null when no reading can be made of it. */
  readonly format: string | null;
  /** Map of its columns as JSON, when it is a table that no kind is for: the one that was given, else a guess. */
  readonly csvMap: string | null;
  /** What the guess assumed, each one question. */
  readonly questions: readonly string[];
  /** The table as it stands in the file; empty when it is none. */
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What a map of its columns calls each of them. */
  readonly columns: readonly (string | number)[];
  /** The first readings. */
  readonly readings: readonly {
    /** When the counter had the value, or when the interval began, ms since the epoch; null when nobody told. */
    readonly at: number | null;
    /** Length of the interval; null for counters. */
    readonly seconds: number | null;
    readonly commodity: Commodity;
    readonly flow: Flow;
    /** Decimal text in `unit`. */
    readonly value: string;
    readonly unit: string;
  }[];
  /** How many readings there are. */
  readonly count: number;
  /** What could not be read or had to be assumed, the first 50. */
  readonly issues: ImportView['issues'];
  /** Why it cannot be read as it is; null when it can. */
  readonly problem: string | null;
}

/** Choice of recorded readings. */
export interface ExportQuery {
  readonly meter: string;
  /** Local days, `YYYY-MM-DD`, both inclusive. */
  readonly from: string;
  readonly to: string;
  readonly format: ExportFormat;
}

/** The owner's own meters: mounted, filled, watched. */
export interface MeterMounting {
  /** The mounted meters and how they are. */
  mounts(options?: AbortOptions): Promise<readonly MountView[]>;
  /**
   * Mounts a meter, after it answered. Throws `ERR_METER_PAIRING` while the button of a HomeWizard meter must be pressed,
   * `ERR_NODE_CONFIG` for an address that is nothing known, `ERR_NODE_CONFLICT` for a name in use.
   */
  addMeter(request: MountRequest, options?: AbortOptions): Promise<MountView>;
  /**
   * Looks once for meters and brokers on the local network, and never by itself: asks everybody there by multicast DNS for
   * three services, and waits `seconds` (4; 1 to 15) for answers. Throws `ERR_METER_UNREACHABLE` when there is no network.
   */
  discoverMeters(options?: AbortOptions & { readonly seconds?: number }): Promise<DiscoveryView>;
  /** Stops reading a meter and forgets its token; with `readings` also what was recorded of it. Throws `ERR_NODE_NOT_FOUND`. */
  removeMeter(name: string, options?: AbortOptions & { readonly readings?: boolean }): Promise<void>;
  /** Records what a meter file holds, beside what the meter tells itself. Throws what `readMeterFile` throws. */
  importReadings(
    name: string,
    file: Uint8Array,
    how?: ImportOptions,
    options?: AbortOptions,
  ): Promise<ImportView>;
  /**
   * Recorded readings as a file of any number of days, in pieces that are made while they are read; the signal also ends
   * those. Throws `ERR_NODE_NOT_FOUND` and `ERR_NODE_CONFIG`.
   */
  exportReadings(query: ExportQuery, options?: AbortOptions): Promise<AsyncIterable<Uint8Array>>;
  /**
   * How a meter file would be read; nothing is recorded. A table of no known kind is read by `csvMap`, else by a guess.
   * Throws what `readMeterFile` throws when it is no table either.
   */
  previewReadings(file: Uint8Array, how?: ImportOptions, options?: AbortOptions): Promise<PreviewView>;
  /** Listens to the power of the mounted meters, at most one a second each, until the returned function is called. */
  onLive(listener: (live: LiveView) => void): () => void;
}
