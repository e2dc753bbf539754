import type { Commodity, EnergyUnit } from '@edmp/interface';
import type { SourceIssue } from '../../issues.ts';
import { isPlausibleTime } from '../../plausible-time.ts';
import { measured } from './amount.ts';
import type { P1Line, SortedLines } from './lines.ts';
import { ODD_CLOCK, parseP1Time } from './time.ts';

/** One meter on the M-Bus behind the port. */
export interface P1Channel {
  /** 1 … 4. */
  readonly channel: number;
  /** M-Bus device type (EN 13757-3): 3 gas, 7 water, 4 heat, 2 electricity. */
  readonly type: number | null;
  readonly commodity: Commodity | null;
  /** Equipment id as sent; personal data. */
  readonly equipment: string | null;
  /** Last value with the meter's own time. */
  readonly reading: {
    readonly reference: string;
    readonly at: number;
    readonly value: number;
    readonly unit: EnergyUnit;
  } | null;
}

const COMMODITIES: Readonly<Record<number, Commodity>> = {
  2: 'electricity',
  3: 'gas',
  4: 'heat',
  6: 'water',
  7: 'water',
  12: 'heat',
};

/** How the times of M-Bus meters are read and held against the telegram's own. */
export interface ChannelTimes {
  readonly zone: string;
  readonly offset: number | undefined;
  /** When the telegram was made or arrived, if that is known, ms since the epoch. */
  readonly newest: number | undefined;
  readonly issues: SourceIssue[];
}

/** The M-Bus meters behind the port, by their number. */
export function readChannels(byChannel: SortedLines['channels'], times: ChannelTimes): P1Channel[] {
  const channels: P1Channel[] = [];
  for (const [channel, own] of byChannel.entries()) {
    if (own.length === 0) continue;
    const prefix = `0-${channel}:`;
    const value = (suffix: string): string | undefined =>
      own.find((line) => line.reference === prefix + suffix)?.values[0];
    const typeText = value('24.1.0');
    const type = typeText !== undefined && /^\d{1,3}$/.test(typeText) ? Number(typeText) : null;
    const equipment = value('96.1.0') ?? value('96.1.1') ?? value('96.1.2');
    channels.push({
      channel,
      type,
      commodity: type === null ? null : (COMMODITIES[type] ?? null),
      equipment: equipment === undefined || equipment === '' ? null : equipment,
      reading: channelReading(own, times),
    });
  }
  return channels;
}

/** The reading of an M-Bus meter: 24.2.x with time and value, or the two-line 24.3.0 of DSMR 2 and 3. */
function channelReading(lines: readonly P1Line[], times: ChannelTimes): P1Channel['reading'] {
  const { issues } = times;
  for (const { reference, values } of lines) {
    const isProfile = /:24\.3\.0$/.test(reference);
    if (!isProfile && !/:24\.2\.\d{1,2}$/.test(reference)) continue;
    // (time)(status)(minutes)(objects)(register)(unit)(value)
    const text = isProfile ? `${values[6] ?? ''}*${values[5] ?? ''}` : (values[1] ?? '');
    if (values.length < 2 || text === '') continue;
    const at = channelTime(values[0] ?? '', reference, times);
    const amount = measured(text);
    if (amount === undefined)
      issues.push({ code: 'bad-value', at: reference, message: 'Expected a number with m3 or GJ' });
    if (at !== undefined && amount !== undefined) {
      const named =
        isProfile && /^\d-\d{1,3}:\d/.test(values[4] ?? '') ? (values[4] ?? reference) : reference;
      return { reference: named, at, value: amount.value, unit: amount.unit };
    }
  }
  return null;
}

/** How far an M-Bus meter's clock may be ahead of the telegram before that is told, and before it is impossible. */
const AHEAD_TOLD = 3_600_000;
const AHEAD_MOST = 45 * 86_400_000;

function channelTime(text: string, reference: string, times: ChannelTimes): number | undefined {
  const { zone, offset, newest, issues } = times;
  const tell = (code: SourceIssue['code'], message: string): void => {
    issues.push({ code, at: reference, message });
  };
  const time = parseP1Time(text, zone, offset);
  if (time === undefined) {
    tell('bad-time', 'The reading has no calendar time');
    return undefined;
  }
  const ahead = newest === undefined ? 0 : time.at - newest;
  if (!isPlausibleTime(time.at) || ahead > AHEAD_MOST) {
    tell('impossible-time', `The reading says ${new Date(time.at).getUTCFullYear()}: its clock is wrong`);
    return undefined;
  }
  if (ahead > AHEAD_TOLD) tell('clock', 'The reading is from after the telegram: one of the clocks is wrong');
  if (time.isOdd) tell('clock', ODD_CLOCK);
  if (time.ambiguous) tell('ambiguous-time', 'The hour was repeated that night; the first is taken');
  return time.at;
}
