import { zoneOf } from '../../../time/zone.ts';
import { isCalendarDay } from '../../iso-time.ts';
import type { SourceIssue } from '../../issues.ts';

/** A DLMS date-time (Blue Book 4.1.6.1). */
export interface HanClock {
  /** Wall-clock time, as the ms that `Date.UTC` makes of it. */
  readonly local: number;
  /** Minutes from local time to UTC, −60 in Central Europe in winter; undefined when the meter tells none. */
  readonly deviation: number | undefined;
  /** Whether its status says that summer time is in force. */
  readonly isSummer: boolean;
}

/** The clock in 12 bytes, or undefined when it has no date or time of the calendar. */
export function clockOf(bytes: Uint8Array): HanClock | undefined {
  if (bytes.length !== 12) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 12);
  const [year, month, day] = [view.getUint16(0), view.getUint8(2), view.getUint8(3)];
  const [hour, minute, second] = [view.getUint8(5), view.getUint8(6), view.getUint8(7)];
  if (!isCalendarDay(year, month, day) || hour > 23 || minute > 59) return undefined;
  // 255: the meter tells no seconds.
  if (second > 59 && second !== 255) return undefined;
  const deviation = view.getInt16(9);
  const status = view.getUint8(11);
  return {
    local: Date.UTC(year, month - 1, day, hour, minute, second === 255 ? 0 : second),
    deviation: Math.abs(deviation) <= 720 ? deviation : undefined,
    isSummer: status !== 0xff && (status & 0x80) !== 0,
  };
}

/** How to understand a clock that leaves something open. */
export interface ClockContext {
  readonly zone: string;
  /** When the list was heard, for live data: of two instants the nearer one is meant. */
  readonly heardAt: number | undefined;
}

/** A meter's clock may be this wrong and still tell which of two hours is meant. */
const NEAR_MS = 25 * 60_000;

/**
 * Instant of a meter's clock. Some meters tell the deviation with the wrong sign, and some tell none and stay at winter
 * time all year: the zone and the time of arrival decide, and what was assumed is an issue.
 */
export function instantOf(
  { local, deviation, isSummer }: HanClock,
  { zone, heardAt }: ClockContext,
  issues: SourceIssue[],
): number {
  const { offsetAt, fromLocal } = zoneOf(zone);
  if (deviation !== undefined) {
    const told = local + deviation * 60_000;
    const turned = local - deviation * 60_000;
    const isOdd = offsetAt(told) !== -deviation * 60_000 && offsetAt(turned) === deviation * 60_000;
    if (!isOdd) return told;
    const message = 'The meter tells its distance from UTC with the wrong sign; it was turned round';
    issues.push({ code: 'clock', at: 'clock', message });
    return turned;
  }
  const wall = fromLocal(local);
  const winter = local - Math.min(offsetAt(Date.UTC(2026, 0, 1)), offsetAt(Date.UTC(2026, 6, 1)));
  if (heardAt !== undefined) {
    const near = [wall.earlier, wall.later, winter].find((at) => Math.abs(at - heardAt) < NEAR_MS);
    if (near !== undefined) return near;
  }
  if (wall.kind === 'repeated') {
    if (isSummer) return wall.earlier;
    const message =
      'This hour was twice that night and the meter does not tell which; it is taken as the second';
    issues.push({ code: 'ambiguous-time', at: 'clock', message });
    return wall.later;
  }
  if (wall.kind === 'skipped') {
    const message = 'This hour did not exist; the clock of the meter is taken to stay at winter time';
    issues.push({ code: 'assumed', at: 'clock', message });
    return winter;
  }
  if (wall.earlier !== winter && !isSummer) {
    const message = `The meter does not tell whether its clock is at summer time; it is read as that of ${zone}. If it stays at winter time, give a zone without summer time`;
    issues.push({ code: 'assumed', at: 'clock', message });
  }
  return wall.earlier;
}
