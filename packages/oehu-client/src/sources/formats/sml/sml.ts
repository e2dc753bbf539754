import { bytesToHex } from '@edmp/interface';
import { microFromText } from '../../../decimal.ts';
import { MeterError } from '../../../errors.ts';
import type { MeterReading } from '../../../reading.ts';
import type { MeterFormat } from '../../format.ts';
import { issueList, nothingRead, type SourceIssue } from '../../issues.ts';
import { type MeterFile, NO_TIME } from '../../meter-file.ts';
import { crc16X25 } from '../crc16-x25.ts';
import { readSmlValue, type SmlValue } from './tlv.ts';

/** Options of {@link readSml}. */
export interface SmlOptions {
  /** When the last of the data arrived, ms since the epoch: optical heads send a seconds counter, no time of day. */
  readonly receivedAt?: number;
  /** Seconds from one frame of a log to the next, for meters that send no seconds counter. */
  readonly spacingSeconds?: number;
}

const GET_LIST_RESPONSE = 0x701n;
const WATT_HOURS = 30n;
const MAX_FRAMES = 100_000;

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
 * frames with CRC-16/X.25, list responses, registers 1.8.x and 2.8.x in Wh. A frame whose CRC does not fit is left
 * out with an issue. The time of arrival is that of the last frame; earlier ones are timed by the meter's seconds
 * counter or the declared spacing, else they have no time (`NO_TIME`), which an issue tells. Throws
 * `ERR_METER_FORMAT` when there is no frame, `ERR_METER_TIME` without a time of arrival and `ERR_METER_SCHEMA` when
 * no frame holds a register.
 *
 * @param bytes - The stream as the meter sent it; anything may be given.
 */
export function readSml(bytes: Uint8Array, options: SmlOptions = {}): MeterFile {
  if (!isSml(bytes))
    throw new MeterError('ERR_METER_FORMAT', 'Expected SML data to begin with 1b1b1b1b01010101');
  const at = options.receivedAt;
  if (at === undefined) {
    throw new MeterError('ERR_METER_TIME', 'SML tells no time of day; give the time when the data arrived');
  }
  const issues = issueList();
  const frames: Frame[] = [];
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
        frames.push(readFrame(withoutEscapes(bytes.subarray(start + 8, mark - (bytes[mark + 5] ?? 0)))));
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
  const readings = timed(
    frames.filter((frame) => frame.readings.length > 0),
    at,
    options,
    issues,
  );
  if (readings.length === 0) throw nothingRead('SML with registers of energy', issues);
  return { kind: 'sml', readings, issues };
}

/** What a frame holds before its time is known. */
interface Frame {
  /** The meter's seconds counter, when it sends one. */
  readonly seconds: number | undefined;
  readonly readings: readonly Omit<MeterReading, 'at' | 'record'>[];
}

/** A meter's counter of seconds may at most say that a log is this long. */
const MAX_LOG_SECONDS = 400 * 86_400;

/** Gives each frame its time, counted back from the arrival of the last one. */
function timed(
  frames: readonly Frame[],
  arrival: number,
  { spacingSeconds }: SmlOptions,
  issues: SourceIssue[],
): MeterReading[] {
  const last = frames[frames.length - 1];
  let untimed = 0;
  const readings = frames.flatMap((frame, i) => {
    let back: number | undefined;
    if (frame.seconds !== undefined && last?.seconds !== undefined) back = last.seconds - frame.seconds;
    if (back === undefined || back < 0 || back > MAX_LOG_SECONDS) {
      back = spacingSeconds === undefined ? undefined : (frames.length - 1 - i) * spacingSeconds;
    }
    const isUntimed = back === undefined && i < frames.length - 1;
    if (isUntimed) untimed++;
    const at = isUntimed ? NO_TIME : arrival - Math.round((back ?? 0) * 1000);
    return frame.readings.map((one) => ({ ...one, at, record: `${one.serial ?? 'sml'}@${at}` }));
  });
  if (untimed > 0) {
    issues.push({
      code: 'no-time',
      at: '$',
      message: `${untimed} frames before the last tell no time; give the seconds between frames to place them`,
    });
  }
  return readings;
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

function readFrame(bytes: Uint8Array): Frame {
  const cursor = { position: 0 };
  const readings: Frame['readings'][number][] = [];
  let seconds: number | undefined;
  while (cursor.position < bytes.length) {
    const message = readSmlValue(bytes, cursor);
    if (!Array.isArray(message)) continue; // fill bytes
    const body: SmlValue | undefined = message[3];
    if (!Array.isArray(body) || body[0] !== GET_LIST_RESPONSE) continue;
    const response: SmlValue | undefined = body[1];
    if (!Array.isArray(response)) continue;
    const [, server, , time, entries] = response as readonly SmlValue[];
    seconds ??= secondsIndex(time);
    const serial = server instanceof Uint8Array ? bytesToHex(server) : undefined;
    for (const entry of Array.isArray(entries) ? (entries as readonly SmlValue[]) : []) {
      const reading = Array.isArray(entry) ? readEntry(entry as readonly SmlValue[], serial) : undefined;
      if (reading !== undefined) readings.push(reading);
    }
  }
  return { seconds, readings };
}

/** The seconds counter of an SML_Time, whose choice 1 is `secIndex`. */
function secondsIndex(time: SmlValue | undefined): number | undefined {
  if (!Array.isArray(time)) return undefined;
  const [choice, value] = time as readonly SmlValue[];
  return choice === 1n && typeof value === 'bigint' ? Number(value) : undefined;
}

function readEntry(
  entry: readonly SmlValue[],
  serial: string | undefined,
): Frame['readings'][number] | undefined {
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
    value: microFromText(String(value), power - 3),
    unit: 'uKWh',
    trust: 'unsigned',
    ...(serial === undefined ? {} : { serial }),
    register: `${media}-${channel}:${c}.${d}.${tariff}`,
  };
}

/** Smart Message Language. */
export const smlFormat: MeterFormat = {
  kind: 'sml',
  title: 'SML of the optical interface of German meters, one frame or a log of them',
  proof: 'real',
  declare: 'the time of arrival; of a log without seconds counter the seconds between frames',
  looksLike: ({ bytes }) => isSml(bytes),
  read: ({ bytes }, { receivedAt, spacingSeconds }) =>
    readSml(bytes, {
      ...(receivedAt === undefined ? {} : { receivedAt }),
      ...(spacingSeconds === undefined ? {} : { spacingSeconds }),
    }),
};
