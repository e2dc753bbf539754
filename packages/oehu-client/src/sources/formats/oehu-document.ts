import type { AttestationLevel, Crypto } from '@edmp/interface';
import { linkChain } from '../../oehu/chain.ts';
import { isJsonObject, type Json } from '../../oehu/json.ts';
import { type OehuRecord, objectIdTime, readDevice, readRecord, recordReadings } from '../../oehu/records.ts';
import { verifyTransaction } from '../../oehu/verify.ts';
import type { MeterFormat } from '../format.ts';
import { issueList, nothingRead } from '../issues.ts';
import type { AnyReading, MeterFile } from '../meter-file.ts';

/** Whether a document looks like an answer of the OEHU API: `/devices` or `/transactions?raw=true`. */
export function isOehuDocument(json: Json): boolean {
  if (!Array.isArray(json)) return false;
  const first = json[0];
  return isJsonObject(first) && isJsonObject(first.metadata) && ('deviceId' in first || 'operation' in first);
}

/**
 * Reads a saved answer of the OEHU API, and verifies it when a crypto provider is given; else everything is `unsigned`.
 * Throws `ERR_METER_SCHEMA` when no entry can be read.
 */
export function readOehuDocument(json: Json, crypto?: Crypto): MeterFile {
  const issues = issueList();
  const records: OehuRecord[] = [];
  for (const [index, entry] of (Array.isArray(json) ? json : []).entries()) {
    const isRow = isJsonObject(entry) && 'operation' in entry;
    const read = isRow ? readRecord(entry, index) : deviceAsRecord(entry, index);
    if (!read.ok) {
      for (const { path, expected, received } of read.issues) {
        issues.push({ code: 'unreadable', at: path, message: `Expected ${expected}, got ${received}` });
      }
      continue;
    }
    for (const warning of read.warnings) {
      issues.push({ code: 'bad-value', at: warning.path, message: `Expected ${warning.expected}` });
    }
    records.push(read.value);
  }
  const levels = new Map<OehuRecord, AttestationLevel>();
  if (crypto !== undefined) {
    const transactions = records.map((record) => record.transaction);
    const single = transactions.map((transaction) => verifyTransaction(transaction, { crypto }));
    const chain = linkChain(transactions, single, { crypto });
    for (const [i, record] of records.entries()) {
      const { level, reasons } = chain.transactions[i] ?? { level: 'unsigned', reasons: [] };
      levels.set(record, level);
      const [reason] = reasons;
      if (reason !== undefined && (level === 'unsigned' || level === 'intact')) {
        issues.push({ code: 'unverified', at: `[${i}]`, message: reason.message });
      }
    }
  }
  const readings: AnyReading[] = records.flatMap((record) =>
    recordReadings(record, levels.get(record) ?? 'unsigned'),
  );
  if (readings.length === 0) {
    throw nothingRead('an OEHU document with readings', issues);
  }
  return { kind: 'oehu', readings, issues };
}

/** An entry of `/devices` in the form of a record. */
function deviceAsRecord(entry: Json, index: number): ReturnType<typeof readRecord> {
  const device = readDevice(entry, index);
  if (!device.ok) return device;
  const { assetId, metadata, transaction } = device.value;
  const document = isJsonObject(entry) && isJsonObject(entry.metadata) ? entry.metadata : {};
  const id = typeof document.id === 'string' ? document.id : assetId;
  return {
    ok: true,
    index,
    value: {
      id,
      deviceId: null,
      assetId,
      transaction: transaction ?? {},
      metadata,
      storedAt: objectIdTime(document._id),
    },
    warnings: device.warnings,
  };
}

/** The OEHU API. */
export const oehuFormat: MeterFormat = {
  kind: 'oehu',
  title: 'Saved answers of the OEHU API: /devices and /transactions?raw=true',
  proof: 'real',
  looksLike(content) {
    const json = content.jsonOrUndefined();
    return json !== undefined && isOehuDocument(json);
  },
  read: (content, { crypto }) => readOehuDocument(content.json(), crypto),
};
