import { microFromNumber } from '../decimal.ts';
import { HIDDEN_ACCURACY_METRES, isHiddenPoint } from '../privacy/cell.ts';
import { type OehuIssue, received } from './issues.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';

/** Cumulative registers of one direction, integer micro-units; null = not told. */
export interface OehuRegisters {
  readonly total: number | null;
  readonly tariff1: number | null;
  readonly tariff2: number | null;
}

/** A device's metadata, normalised from strings or numbers. Personal data. */
export interface OehuMetadata {
  readonly location: {
    readonly latitude: number;
    readonly longitude: number;
    readonly accuracyMetres: number;
  } | null;
  readonly household: { readonly kind: string; readonly occupants: number | null } | null;
  readonly deviceType: string | null;
  /** Clock of the Raspberry Pi, ms since the epoch; null when absent or 0. */
  readonly lastUpdate: number | null;
  /** `electricityReceived`: from the grid. */
  readonly electricityImport: OehuRegisters;
  /** `electricityDelivered`: into the grid. */
  readonly electricityExport: OehuRegisters;
  readonly gas: number | null;
}

/** Metadata and what was odd about it. */
export interface NormalisedMetadata {
  readonly value: OehuMetadata | null;
  /** Oddities that the value survived. */
  readonly warnings: readonly OehuIssue[];
  /** Faults that leave no value. */
  readonly issues: readonly OehuIssue[];
}

const NUMBER = /^-?\d{1,15}(\.\d{1,20})?$/;
const MAX_TEXT = 100;

/** A number given as number or as text. */
function looseNumber(value: Json | undefined): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  return typeof value === 'string' && NUMBER.test(value.trim()) ? Number(value) : undefined;
}

/** Normalises the inner `metadata` document; `path` is where it was found. Never throws. */
export function normaliseMetadata(metadata: unknown, path: string): NormalisedMetadata {
  const warnings: OehuIssue[] = [];
  const issues: OehuIssue[] = [];
  const warn = (at: string, code: OehuIssue['code'], expected: string, value: unknown): void => {
    warnings.push({ path: `${path}${at}`, code, expected, received: received(value) });
  };
  if (!isJsonObject(metadata)) {
    issues.push({ path, code: 'missing', expected: 'metadata object', received: received(metadata) });
    return { value: null, warnings, issues };
  }
  if (metadata.status === 'BURNED') {
    issues.push({ path: `${path}.status`, code: 'burned', expected: 'a device in use', received: 'BURNED' });
    return { value: null, warnings, issues };
  }

  const registers = (field: string): OehuRegisters => {
    const group = metadata[field];
    if (group === undefined || group === null) return { total: null, tariff1: null, tariff2: null };
    if (!isJsonObject(group)) {
      warn(`.${field}`, 'type', 'object with total, tariff1 and tariff2', group);
      return { total: null, tariff1: null, tariff2: null };
    }
    let first = group.tariff1;
    if (first === undefined && group.tarrif1 !== undefined) {
      warn(`.${field}.tarrif1`, 'typo', 'tariff1', group.tarrif1);
      first = group.tarrif1;
    }
    return {
      total: register(group.total, `.${field}.total`),
      tariff1: register(first, `.${field}.tariff1`),
      tariff2: register(group.tariff2, `.${field}.tariff2`),
    };
  };
  const register = (value: Json | undefined, at: string): number | null => {
    if (value === undefined || value === null) return null;
    const number = looseNumber(value);
    if (number === undefined) {
      warn(at, 'number', 'number of kWh or m³', value);
      return null;
    }
    if (number < 0 || number > 1e9) {
      warn(at, 'range', '0 to 10⁹', value);
      return null;
    }
    const { value: micro, noisy } = microFromNumber(number);
    if (noisy) warn(at, 'noise', 'at most six decimals', value);
    return micro;
  };

  const lastUpdate = timeOf(metadata, warn);
  const occupants = looseNumber(metadata.occupants);
  const kind = metadata.householdType;
  const deviceType = metadata.deviceType;
  const value: OehuMetadata = {
    location: locationOf(metadata, warn),
    household:
      typeof kind === 'string' && kind !== ''
        ? {
            kind: kind.slice(0, MAX_TEXT),
            occupants:
              occupants !== undefined && Number.isInteger(occupants) && occupants >= 0 && occupants <= 99
                ? occupants
                : null,
          }
        : null,
    deviceType: typeof deviceType === 'string' ? deviceType.slice(0, MAX_TEXT) : null,
    lastUpdate,
    electricityImport: registers('electricityReceived'),
    electricityExport: registers('electricityDelivered'),
    gas: register(metadata.gasReceived, '.gasReceived'),
  };
  return { value, warnings, issues };
}

type Warn = (at: string, code: OehuIssue['code'], expected: string, value: unknown) => void;

function timeOf(metadata: JsonObject, warn: Warn): number | null {
  let field = 'lastUpdate';
  if (metadata[field] === undefined && metadata.timestamp !== undefined) {
    warn('.timestamp', 'old-shape', 'lastUpdate', metadata.timestamp);
    field = 'timestamp';
  }
  const value = metadata[field];
  const number = looseNumber(value);
  if (number === undefined || !Number.isInteger(number) || number < 0 || number > 8.64e15) {
    warn(`.${field}`, number === undefined ? 'number' : 'range', 'integer ms since the epoch', value);
    return null;
  }
  return number === 0 ? null : number;
}

/** OEHU writes [latitude, longitude] although it calls it a GeoJSON point. A swap is reported, never silently fixed. */
function locationOf(metadata: JsonObject, warn: Warn): OehuMetadata['location'] {
  const location = metadata.location;
  if (location === undefined || location === null) return null;
  const coordinates = isJsonObject(location) ? location.coordinates : undefined;
  if (!Array.isArray(coordinates) || coordinates.length !== 2) {
    warn('.location.coordinates', 'type', 'array of latitude and longitude', coordinates);
    return null;
  }
  const latitude = looseNumber(coordinates[0]);
  const longitude = looseNumber(coordinates[1]);
  if (latitude === undefined || Math.abs(latitude) > 90) {
    warn('.location.coordinates[0]', latitude === undefined ? 'number' : 'range', 'latitude', coordinates[0]);
    return null;
  }
  if (longitude === undefined || Math.abs(longitude) > 180) {
    warn(
      '.location.coordinates[1]',
      longitude === undefined ? 'number' : 'range',
      'longitude',
      coordinates[1],
    );
    return null;
  }
  const accuracy = looseNumber(metadata.locationAccuracy);
  if (accuracy === undefined || accuracy < 0) {
    warn('.locationAccuracy', 'number', 'metres', metadata.locationAccuracy);
    return null;
  }
  if (isHiddenPoint({ latitude, longitude }) || accuracy >= HIDDEN_ACCURACY_METRES) return null;
  if (latitude > 3 && latitude < 7.5 && longitude > 50.5 && longitude < 54) {
    warn('.location.coordinates', 'swapped-coordinates', '[latitude, longitude]', coordinates);
  }
  return { latitude, longitude, accuracyMetres: accuracy };
}
