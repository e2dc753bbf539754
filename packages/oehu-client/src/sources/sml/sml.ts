import { bytesToHex } from '@edmp/interface';
import { microFromText } from '../../decimal.ts';
import { MeterError } from '../../errors.ts';
import type { MeterReading } from '../../reading.ts';
import type { SourceIssue } from '../issues.ts';
import type { MeterFile } from '../meter-file.ts';
import { readSmlValue, type SmlValue } from './tlv.ts';

/** Options of {@link readSml}. */
export interface SmlOptions {
  /** When the data arrived, ms since the epoch: optical heads send a seconds counter, no time of day. */
  readonly receivedAt?: number;
}

const GET_LIST_RESPONSE = 0x701n;
const WATT_HOURS = 30n;
const MAX_FRAMES = 100_000;

const TABLE = Uint16Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x8408 : value >>> 1;
  return value;
});

/** CRC-16/X.25 (ISO/IEC 13239), the check of SML files and messages. */
export function crc16X25(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  let crc = 0xffff;
  for (let i = start; i < end; i++) crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[i] ?? 0)) & 255] ?? 0);
  return crc ^ 0xffff;
}

/** Index of four escape bytes from `from` on, or −1. */
function escapeAt(bytes: Uint8Array, from: number): number {
  for (let i = bytes.indexOf(0x1b, from); i >= 0; i = bytes.indexOf(0x1b, i + 1)) {
    if (bytes[i + 1] === 0x1b && bytes[i + 2] === 0x1b && bytes[i + 3] === 0x1b) return i;
  }
  return -1;
}

/** Whether bytes begin with the start mark of an SML file. */
export function isSml(bytes: Uint8Array): boolean {
  return escapeAt(bytes, 0) === 0 && bytes[4] === 1 && bytes[5] === 1 && bytes[6] === 1 && bytes[7] === 1;
}

/**
 * Reads the registers in a stream of SML files as German meters send them through the optical interface: transport
 * frames with CRC-16/X.25, list responses, registers 1.8.x and 2.8.x in Wh. A frame whose CRC does not fit is left out
 * with an issue. Throws `ERR_METER_FORMAT` when there is no frame, `ERR_METER_TIME` without a time of arrival and
 * `ERR_METER_SCHEMA` when no frame holds a register.
 */
export function readSml(bytes: Uint8Array, options: SmlOptions = {}): MeterFile {
  if (!isSml(bytes))
    throw new MeterError('ERR_METER_FORMAT', 'Expected SML data to begin with 1b1b1b1b01010101');
  const at = options.receivedAt;
  if (at === undefined) {
    throw new MeterError('ERR_METER_TIME', 'SML tells no time of day; give the time when the data arrived');
  }
  const issues: SourceIssue[] = [];
  const readings: MeterReading[] = [];
  let start = 0;
  for (let frame = 0; frame < MAX_FRAMES && start >= 0 && start + 16 <= bytes.length; frame++) {
    const where = `frame ${frame}`;
    let mark = escapeAt(bytes, start + 8);
    // Four escape bytes inside the data are sent twice.
    while (mark >= 0 && bytes[mark + 4] === 0x1b) mark = escapeAt(bytes, mark + 8);
    if (mark < 0 || bytes[mark + 4] !== 0x1a || mark + 8 > bytes.length) {
      issues.push({ code: 'truncated', at: where, message: 'The frame does not end' });
      start = mark < 0 ? -1 : mark;
      if (mark >= 0 && bytes[mark + 4] !== 1) start = escapeAt(bytes, mark + 4);
      continue;
    }
    const crc = crc16X25(bytes, start, mark + 6);
    const told = (bytes[mark + 6] ?? 0) | ((bytes[mark + 7] ?? 0) << 8);
    if (crc !== told) {
      issues.push({
        code: 'unreadable',
        at: where,
        message: 'The CRC does not fit: the frame was damaged or changed',
      });
    } else {
      try {
        readFrame(withoutEscapes(bytes.subarray(start + 8, mark - (bytes[mark + 5] ?? 0))), at, readings);
      } catch {
        issues.push({
          code: 'unreadable',
          at: where,
          message: 'The frame holds something else than SML messages',
        });
      }
    }
    start = escapeAt(bytes, mark + 8);
  }
  if (readings.length === 0) {
    throw new MeterError('ERR_METER_SCHEMA', 'Expected SML with registers of energy, found none', {
      details: { issues: issues.length },
    });
  }
  return { kind: 'sml', readings, issues };
}

function withoutEscapes(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (let i = 0; i < bytes.length; i++) {
    const isDoubled =
      escapeAt(bytes.subarray(i, i + 4), 0) === 0 && escapeAt(bytes.subarray(i + 4, i + 8), 0) === 0;
    if (isDoubled) i += 4;
    out.push(bytes[i] ?? 0);
    if (isDoubled) {
      out.push(0x1b, 0x1b, 0x1b);
      i += 3;
    }
  }
  return Uint8Array.from(out);
}

function readFrame(bytes: Uint8Array, at: number, readings: MeterReading[]): void {
  const cursor = { position: 0 };
  while (cursor.position < bytes.length) {
    const message = readSmlValue(bytes, cursor);
    if (!Array.isArray(message)) continue; // fill bytes
    const body: SmlValue | undefined = message[3];
    if (!Array.isArray(body) || body[0] !== GET_LIST_RESPONSE) continue;
    const response: SmlValue | undefined = body[1];
    const entries: SmlValue | undefined = Array.isArray(response) ? response[4] : undefined;
    const server: SmlValue | undefined = Array.isArray(response) ? response[1] : undefined;
    const meter = server instanceof Uint8Array ? bytesToHex(server) : 'sml';
    for (const entry of Array.isArray(entries) ? (entries as readonly SmlValue[]) : []) {
      const reading = Array.isArray(entry) ? readEntry(entry as readonly SmlValue[], at, meter) : undefined;
      if (reading !== undefined) readings.push(reading);
    }
  }
}

function readEntry(entry: readonly SmlValue[], at: number, meter: string): MeterReading | undefined {
  const [name, , , unit, scaler, value] = entry;
  if (!(name instanceof Uint8Array) || name.length !== 6 || unit !== WATT_HOURS) return undefined;
  const [media = 0, channel = 0, c = 0, d = 0, tariff = 0] = name;
  if (media !== 1 || (c !== 1 && c !== 2) || d !== 8 || typeof value !== 'bigint' || value < 0n)
    return undefined;
  const power = typeof scaler === 'bigint' ? Number(scaler) : 0;
  if (Math.abs(power) > 12) return undefined;
  return {
    commodity: 'electricity',
    flow: c === 1 ? 'import' : 'export',
    tariff: tariff === 0 ? 'total' : tariff,
    at,
    value: microFromText(String(value), power - 3),
    unit: 'uKWh',
    trust: 'unsigned',
    record: `${meter}@${at}`,
    meter: `${media}-${channel}:${c}.${d}.${tariff}`,
  };
}
