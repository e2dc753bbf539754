import type { Flow } from '@edmp/interface';
import { MeterError } from '../../errors.ts';
import type { MeterReading } from '../../reading.ts';
import { arrivalOf } from '../arrival.ts';
import type { FormatOptions, MeterContent, MeterFormat } from '../format.ts';
import { withoutFraming } from '../framing.ts';
import { isCalendarDay } from '../iso-time.ts';
import { issueList, nothingRead, type SourceIssue } from '../issues.ts';
import { type MeterFile, NO_TIME } from '../meter-file.ts';
import { registerOf } from '../readings.ts';
import { WallClock } from './csv/wall-clock.ts';

/** Most frames of a log. */
const MAX_FRAMES = 200_000;

/** A group of a frame: label, optional time, value. */
interface TicGroup {
  readonly label: string;
  readonly time: string | undefined;
  readonly value: string;
}

/** One frame whose groups were checked. */
interface TicFrame {
  readonly groups: readonly TicGroup[];
  readonly index: number;
}

/** Registers by label (Enedis-NOI-CPT_54E): direction and tariff. */
function registerNamed(label: string): { flow: Flow; tariff: number | 'total' } | undefined {
  const supplier = /^EASF(\d\d)$/.exec(label);
  if (supplier !== null) return { flow: 'import', tariff: Number(supplier[1]) };
  return Object.hasOwn(LABELS, label) ? LABELS[label] : undefined;
}

const LABELS: Readonly<Record<string, { flow: Flow; tariff: number | 'total' }>> = {
  // Standard mode.
  EAST: { flow: 'import', tariff: 'total' },
  EAIT: { flow: 'export', tariff: 'total' },
  // Historic mode: one register, off-peak and peak, EJP, Tempo.
  BASE: { flow: 'import', tariff: 'total' },
  HCHC: { flow: 'import', tariff: 1 },
  HCHP: { flow: 'import', tariff: 2 },
  EJPHN: { flow: 'import', tariff: 1 },
  EJPHPM: { flow: 'import', tariff: 2 },
  BBRHCJB: { flow: 'import', tariff: 1 },
  BBRHPJB: { flow: 'import', tariff: 2 },
  BBRHCJW: { flow: 'import', tariff: 3 },
  BBRHPJW: { flow: 'import', tariff: 4 },
  BBRHCJR: { flow: 'import', tariff: 5 },
  BBRHPJR: { flow: 'import', tariff: 6 },
};

/**
 * The check character of a group: the sum of its characters, six bits of it, moved to printable ones. Standard mode
 * counts the tab before it, historic mode does not count the space.
 */
export function ticChecksum(text: string): string {
  let sum = 0;
  for (let i = 0; i < text.length; i++) sum += text.charCodeAt(i);
  return String.fromCharCode((sum & 0x3f) + 0x20);
}

/** A line as a group; undefined when its check character does not fit. */
function groupOf(line: string): TicGroup | undefined {
  const check = line[line.length - 1];
  const separator = line[line.length - 2];
  if (check === undefined || (separator !== '\t' && separator !== ' ')) return undefined;
  const isStandard = separator === '\t';
  if (ticChecksum(line.slice(0, isStandard ? -1 : -2)) !== check) return undefined;
  const fields = line.slice(0, -2).split(separator);
  const [label = '', second = '', third] = fields;
  if (isStandard && third !== undefined) return { label, time: second, value: third };
  return { label, time: undefined, value: fields.slice(1).join(separator) };
}

/** Frames begin with the label that names the meter. */
function framesOf(text: string, issues: SourceIssue[]): TicFrame[] {
  const frames: { groups: TicGroup[]; index: number }[] = [];
  let damaged = 0;
  let firstDamaged = 0;
  for (const [i, line] of withoutFraming(text)
    .split(/[\r\n]+/)
    .entries()) {
    if (line.length < 4) continue;
    const group = groupOf(line);
    if (group === undefined) {
      damaged++;
      firstDamaged ||= i + 1;
      continue;
    }
    if (group.label === 'ADCO' || group.label === 'ADSC') {
      if (frames.length >= MAX_FRAMES)
        throw new MeterError('ERR_METER_LIMIT', `A log of a Linky meter has at most ${MAX_FRAMES} frames`);
      frames.push({ groups: [group], index: frames.length });
    } else frames[frames.length - 1]?.groups.push(group);
  }
  if (damaged > 0) {
    const message = `${damaged} groups whose check character does not fit are left out`;
    issues.push({ code: 'unreadable', at: `line ${firstDamaged}`, message });
  }
  return frames;
}

/** Moment of `SAAMMJJhhmmss`, S being E for summer and H for winter (e and h when the clock is not sure). */
function ticTime(text: string, clock: WallClock): number | undefined {
  const match = /^([EeHh ])(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(2).map(Number);
  if (!isCalendarDay(2000 + year, month, day) || hour > 23 || minute > 59 || second > 59) return undefined;
  const local = Date.UTC(2000 + year, month - 1, day, hour, minute, second);
  return clock.unique(local) ?? clock.pair(local)?.[/[Hh]/.test(match[1] ?? '') ? 1 : 0];
}

/**
 * Reads the customer output (TIC) of a Linky meter, historic or standard mode, one frame or a log: every group is checked
 * by its check character. Frames of the historic mode tell no time: the last one has that of arrival, earlier ones by the
 * declared spacing, else none. Throws `ERR_METER_FORMAT` when there is no frame.
 */
export function readLinky(text: string, options: FormatOptions = {}): MeterFile {
  const issues = issueList();
  const frames = framesOf(text, issues);
  if (frames.length === 0)
    throw new MeterError('ERR_METER_FORMAT', 'Expected frames that begin with ADCO or ADSC');
  const clock = new WallClock(options.zone ?? 'Europe/Paris');
  const readings: MeterReading[] = [];
  let untimed = 0;
  for (const frame of frames) {
    const value = (label: string): TicGroup | undefined =>
      frame.groups.find((group) => group.label === label);
    const serial = (value('ADSC') ?? value('ADCO'))?.value;
    const told = ticTime(value('DATE')?.time ?? '', clock);
    const at = told ?? arrivalOf(frame.index, frames.length, options);
    if (at === NO_TIME) untimed++;
    for (const { label, value: text } of frame.groups) {
      const register = registerNamed(label);
      if (register === undefined) continue;
      if (!/^\d{1,9}$/.test(text)) {
        issues.push({
          code: 'bad-value',
          at: `frame ${frame.index}, ${label}`,
          message: 'Expected a number of Wh',
        });
        continue;
      }
      readings.push(
        registerOf({
          commodity: 'electricity',
          ...register,
          at,
          value: Number(text) * 1000,
          unit: 'uKWh',
          serial,
          register: label,
        }),
      );
    }
  }
  if (untimed > 0) {
    const message = `${untimed} frames tell no time; give the time of arrival and, for a log, the seconds between frames`;
    issues.push({ code: 'no-time', at: '$', message });
  }
  if (readings.length === 0) throw nothingRead('frames of a Linky meter with registers', issues);
  return { kind: 'fr-linky', readings, issues };
}

/** Whether the text holds the group that frames begin with. */
function looksLikeLinky({ head }: MeterContent): boolean {
  return /(?:^|[\r\n])(?:ADCO \d{12} |ADSC\t\d{12}\t)/.test(withoutFraming(head));
}

/** The French meter's own output. */
export const linkyFormat: MeterFormat = {
  kind: 'fr-linky',
  title: 'Customer output (TIC) of Linky meters (FR), historic and standard mode, one frame or a log',
  proof: 'unproven',
  declare: 'in historic mode the time of arrival, and of a log the seconds between frames',
  looksLike: looksLikeLinky,
  read: ({ text }, options) => readLinky(text, options),
};
