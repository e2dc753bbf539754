import type { AttestationLevel } from '@edmp/interface';
import type { MeterReading } from '../reading.ts';
import { type OehuEntry, type OehuIssue, received } from './issues.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { normaliseMetadata, type OehuMetadata } from './metadata.ts';

/** One entry of `GET /devices`. */
export interface OehuDevice {
  /** Asset id, 64 hexadecimal characters: the only device id that this route gives. */
  readonly assetId: string;
  /** The signed transaction as it was before MongoDB took it apart; null when the answer has none. */
  readonly transaction: JsonObject | null;
  readonly metadata: OehuMetadata;
  /** Clock of the node that stored it, ms since the epoch. */
  readonly storedAt: number | null;
}

/** One row of `GET /transactions?raw=true`: a reading with its signed transaction. */
export interface OehuRecord {
  /** Transaction id. */
  readonly id: string;
  /** ORM id `id:<app>:devices:<uuid>`, when told. */
  readonly deviceId: string | null;
  readonly assetId: string | null;
  readonly transaction: JsonObject;
  readonly metadata: OehuMetadata;
  /** Clock of the node that stored it, ms since the epoch. */
  readonly storedAt: number | null;
}

const OBJECT_ID = /^[0-9a-f]{24}$/;

/**
 * Second at which a MongoDB node made an ObjectId, ms since the epoch: a clock that is not the device's.
 *
 * @param id - 24 hexadecimal digits; anything may be given, and what is no ObjectId gives null.
 */
export function objectIdTime(id: unknown): number | null {
  return typeof id === 'string' && OBJECT_ID.test(id) ? Number.parseInt(id.slice(0, 8), 16) * 1000 : null;
}

/** Puts the signed transaction together again from a MongoDB row and its metadata document. */
function rebuild(row: JsonObject, document: JsonObject): JsonObject {
  // `fromEntries` keeps a field that is called `__proto__`, so that it cannot hide from the verifier.
  const fields = Object.entries(row).filter(
    ([key]) => key !== '_id' && key !== 'deviceId' && key !== 'metadata',
  );
  return Object.fromEntries([...fields, ['metadata', document.metadata]]);
}

/**
 * Reads one entry of `/devices`, also in the shape of 2018 that has no transaction. Never throws.
 *
 * @param entry - Parsed JSON of the entry; anything may be given.
 * @param index - Place of the entry in the list, from 0, for the paths of issues.
 */
export function readDevice(entry: unknown, index: number): OehuEntry<OehuDevice> {
  const path = `[${index}]`;
  const issues: OehuIssue[] = [];
  const fail = (at: string, expected: string, value: unknown): OehuEntry<OehuDevice> => ({
    ok: false,
    index,
    issues: [...issues, { path: `${path}${at}`, code: 'type', expected, received: received(value) }],
  });
  if (!isJsonObject(entry)) return fail('', 'object', entry);
  const assetId = entry.deviceId;
  if (typeof assetId !== 'string' || assetId === '' || assetId.length > 200)
    return fail('.deviceId', 'text', assetId);
  const document = entry.metadata;
  if (!isJsonObject(document)) return fail('.metadata', 'object', document);
  const isOldShape = entry.transaction === undefined && !('metadata' in document);
  const inner = isOldShape ? document : document.metadata;
  const normalised = normaliseMetadata(inner, isOldShape ? `${path}.metadata` : `${path}.metadata.metadata`);
  if (normalised.value === null) return { ok: false, index, issues: normalised.issues };
  const list = entry.transaction;
  const row = Array.isArray(list) ? list[0] : undefined;
  const warnings = [...normalised.warnings];
  if (isOldShape) warnings.push({ path, code: 'old-shape', expected: 'transaction', received: 'nothing' });
  return {
    ok: true,
    index,
    value: {
      assetId,
      transaction: isJsonObject(row) ? rebuild(row, document) : null,
      metadata: normalised.value,
      storedAt: objectIdTime(document._id),
    },
    warnings,
  };
}

/**
 * Reads one row of `/transactions?raw=true`. Never throws.
 *
 * @param row - Parsed JSON of the row; anything may be given.
 * @param index - Place of the row in the list, from 0, for the paths of issues.
 */
export function readRecord(row: unknown, index: number): OehuEntry<OehuRecord> {
  const path = `[${index}]`;
  const fail = (at: string, expected: string, value: unknown): OehuEntry<OehuRecord> => ({
    ok: false,
    index,
    issues: [{ path: `${path}${at}`, code: 'type', expected, received: received(value) }],
  });
  if (!isJsonObject(row)) return fail('', 'object', row);
  const id = row.id;
  if (typeof id !== 'string' || id.length > 200) return fail('.id', 'text', id);
  const document = row.metadata;
  if (!isJsonObject(document)) return fail('.metadata', 'object', document);
  const normalised = normaliseMetadata(document.metadata, `${path}.metadata.metadata`);
  if (normalised.value === null) return { ok: false, index, issues: normalised.issues };
  const deviceId = row.deviceId;
  const asset = row.asset;
  const assetId = isJsonObject(asset) ? asset.id : undefined;
  const storedAt = objectIdTime(row._id);
  const warnings = [...normalised.warnings];
  if (isSkewed(normalised.value.lastUpdate, storedAt)) {
    warnings.push({
      path: `${path}.metadata.metadata.lastUpdate`,
      code: 'clock-skew',
      expected: 'device clock within 2 minutes ahead and a day behind the node',
      received: 'another time',
    });
  }
  return {
    ok: true,
    index,
    value: {
      id,
      deviceId: typeof deviceId === 'string' ? deviceId.slice(0, 200) : null,
      assetId: typeof assetId === 'string' ? assetId : null,
      transaction: rebuild(row, document),
      metadata: normalised.value,
      storedAt,
    },
    warnings,
  };
}

const AHEAD = 120_000;
const BEHIND = 86_400_000;

function isSkewed(lastUpdate: number | null, storedAt: number | null): boolean {
  if (lastUpdate === null || storedAt === null) return lastUpdate === null;
  return lastUpdate > storedAt + AHEAD || lastUpdate < storedAt - BEHIND;
}

/** Time of a record: the device's clock where it is believable, else the node's; null when there is neither. */
export function recordTime(record: OehuRecord): number | null {
  const { lastUpdate } = record.metadata;
  return isSkewed(lastUpdate, record.storedAt) ? record.storedAt : lastUpdate;
}

/**
 * Register readings of one record: tariffs where told, else the total, and gas.
 *
 * @param trust - What the verification of the record came to; every reading gets it.
 */
export function recordReadings(record: OehuRecord, trust: AttestationLevel): MeterReading[] {
  const at = recordTime(record);
  if (at === null) return [];
  const { metadata } = record;
  const readings: MeterReading[] = [];
  const times = {
    ...(metadata.lastUpdate === null ? {} : { observedAt: metadata.lastUpdate }),
    ...(record.storedAt === null ? {} : { storedAt: record.storedAt }),
  };
  const device = record.deviceId ?? record.assetId;
  const serial = device === null ? {} : { serial: device };
  for (const flow of ['import', 'export'] as const) {
    const registers = flow === 'import' ? metadata.electricityImport : metadata.electricityExport;
    const name = flow === 'import' ? 'electricityReceived' : 'electricityDelivered';
    const add = (tariff: number | 'total', value: number | null, field: string): void => {
      if (value === null) return;
      const register = `${name}.${field}`;
      const unit = 'uKWh';
      readings.push({
        commodity: 'electricity',
        flow,
        tariff,
        at,
        value,
        unit,
        trust,
        record: record.id,
        ...serial,
        register,
        ...times,
      });
    };
    add(1, registers.tariff1, 'tariff1');
    add(2, registers.tariff2, 'tariff2');
    if (registers.tariff1 === null && registers.tariff2 === null) add('total', registers.total, 'total');
  }
  if (metadata.gas !== null) {
    readings.push({
      commodity: 'gas',
      flow: 'import',
      tariff: 'total',
      at,
      value: metadata.gas,
      unit: 'uM3',
      trust,
      record: record.id,
      ...serial,
      register: 'gasReceived',
      ...times,
    });
  }
  return readings;
}
