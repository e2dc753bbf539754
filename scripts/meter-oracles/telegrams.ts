import type { SeededRandom } from '../../packages/interface/src/index.ts';
import { utf8ToBytes } from '../../packages/interface/src/index.ts';
import { crc16Arc } from '../../packages/oehu-client/src/sources/formats/p1/crc16.ts';

/** Zone of every meter that dsmr_parser reads. */
const ZONE = 'Europe/Amsterdam';

/** A P1 dialect: the specification that dsmr_parser reads it by, and how such a telegram is written. */
interface Dialect {
  readonly spec: string;
  readonly head: readonly string[];
  readonly hasTime: boolean;
  /** OBIS codes of its electricity registers. */
  readonly registers: readonly string[];
  /** Lines of a meter on the M-Bus. */
  readonly channel: (channel: number, time: string, random: SeededRandom) => readonly string[];
}

const digits = (random: SeededRandom, whole: number, fraction: number): string => {
  const text = (length: number): string => Array.from({ length }, () => String(random.below(10))).join('');
  return `${text(whole)}.${text(fraction)}`;
};
const TARIFFS = ['1-0:1.8.1', '1-0:1.8.2', '1-0:2.8.1', '1-0:2.8.2'];
const TOTALS = ['1-0:1.8.0', '1-0:2.8.0'];
/** What stands behind channel 1 to 3, by M-Bus device type. */
const gas = (channel: number, time: string, random: SeededRandom): readonly string[] => [
  `0-${channel}:24.1.0(003)`,
  `0-${channel}:96.1.0(473030313${random.below(10)}3${random.below(10)})`,
  `0-${channel}:24.2.1(${time})(${digits(random, 5, 3)}*m3)`,
];
const oldGas = (channel: number, time: string, random: SeededRandom): readonly string[] => [
  `0-${channel}:24.1.0(3)`,
  `0-${channel}:96.1.0(3238303131303031323332313337343132)`,
  `0-${channel}:24.3.0(${time.slice(0, 12)})(08)(60)(1)(0-1:24.2.1)(m3)`,
  `(${digits(random, 5, 3)})`,
];
const belgian = (channel: number, time: string, random: SeededRandom): readonly string[] => [
  `0-${channel}:24.1.0(${channel === 1 ? '003' : '007'})`,
  `0-${channel}:96.1.1(37453${random.below(10)}303${channel})`,
  `0-${channel}:24.2.${channel === 1 ? 3 : 1}(${time})(${digits(random, 5, 3)}*m3)`,
];
const none = (): readonly string[] => [];

const DIALECTS: readonly Dialect[] = [
  { spec: 'V5', head: ['1-3:0.2.8(50)'], hasTime: true, registers: TARIFFS, channel: gas },
  { spec: 'V4', head: ['1-3:0.2.8(42)'], hasTime: true, registers: TARIFFS, channel: gas },
  { spec: 'V2_2', head: [], hasTime: false, registers: TARIFFS, channel: oldGas },
  {
    spec: 'BELGIUM_FLUVIUS',
    head: ['0-0:96.1.4(50217)'],
    hasTime: true,
    registers: TARIFFS,
    channel: belgian,
  },
  { spec: 'LUXEMBOURG_SMARTY', head: ['1-3:0.2.8(42)'], hasTime: true, registers: TOTALS, channel: gas },
  { spec: 'SWEDEN', head: [], hasTime: true, registers: TOTALS, channel: none },
];

/** A moment as telegrams write it, in summer or winter time of Central Europe. */
function p1Time(at: number): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: ZONE,
    hourCycle: 'h23',
    year: '2-digit',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'shortOffset',
  }).formatToParts(at);
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? '';
  const clock = ['year', 'month', 'day', 'hour', 'minute', 'second'].map(part).join('');
  return `${clock}${part('timeZoneName') === 'GMT+2' ? 'S' : 'W'}`;
}

/** A telegram, and what dsmr_parser reads it by. */
export interface OracleTelegram {
  readonly spec: string;
  readonly bytes: Uint8Array;
}

/** Moments at which telegrams are made: any, and those around the clock changes of 2026. */
function moment(random: SeededRandom): number {
  const changes = [Date.UTC(2026, 2, 29, 1), Date.UTC(2026, 9, 25, 1)];
  const around = (changes[random.below(2)] ?? 0) + (random.below(14_400) - 7200) * 1000;
  return random.below(2) === 0 ? around : Date.UTC(2020, 0, 1) + random.below(200_000_000) * 1000;
}

/** `count` telegrams of every dialect, each whole and with its CRC where the dialect has one. */
export function oracleTelegrams(random: SeededRandom, count: number): readonly OracleTelegram[] {
  return DIALECTS.flatMap(({ spec, head, hasTime, registers, channel }) =>
    Array.from({ length: count }, () => {
      const at = moment(random);
      const time = p1Time(at);
      const channels = 1 + random.below(spec === 'V5' || spec === 'BELGIUM_FLUVIUS' ? 2 : 1);
      const lines = [
        ...head,
        ...(hasTime ? [`0-0:1.0.0(${time})`] : []),
        '0-0:96.1.1(4B384547303034303436333935353037)',
        ...registers.map((register) => `${register}(${digits(random, 6, 3)}*kWh)`),
        ...(registers === TARIFFS ? ['0-0:96.14.0(0002)'] : []),
        `1-0:1.7.0(${digits(random, 2, 3)}*kW)`,
        `1-0:2.7.0(${digits(random, 2, 3)}*kW)`,
        ...Array.from({ length: channels }, (_, i) =>
          channel(i + 1, p1Time(at - (at % 300_000)), random),
        ).flat(),
      ];
      const body = `/EDM5\\ORACLE-${spec}\r\n\r\n${lines.join('\r\n')}\r\n!`;
      const crc = crc16Arc(utf8ToBytes(body)).toString(16).toUpperCase().padStart(4, '0');
      return { spec, bytes: utf8ToBytes(`${body}${hasTime ? crc : ''}\r\n`) };
    }),
  );
}
