import { readMeterFile } from '@edmp/oehu-client';
import { type CsvMap, readCsv, readMeterPieces } from '@edmp/oehu-client/sources';
import { expect, it } from 'vitest';

const zone = 'Europe/Vienna';
const column = { column: 'kWh', commodity: 'electricity', flow: 'import', unit: 'kWh' } as const;
const quarters: CsvMap = {
  delimiter: ';',
  decimal: ',',
  time: 'Zeit',
  timeFormat: 'local',
  zone,
  stepSeconds: 900,
  stamp: 'end',
  columns: [
    { ...column, kind: 'interval', sign: 'both' },
    { ...column, column: 'Stand', kind: 'register' },
    { ...column, column: 'Einspeisung', flow: 'export', kind: 'interval' },
  ],
};
/** Wall-clock rows whose hour from 4 000 on is told again, with negative amounts and impossible times in between. */
const rows = Array.from({ length: 9_000 }, (_, i) => {
  const at = Date.UTC(2024, 8, 15) + (i < 4_004 ? i + 1 : i - 3) * 900_000;
  const time =
    i % 1_000 === 7 ? '1999-01-01 00:15' : new Date(at).toISOString().slice(0, 16).replace('T', ' ');
  return `${time};${i % 50 === 0 ? '-' : ''}0,${100 + (i % 900)};${i},5;${i % 3_000 === 1 ? '-1' : '2'}`;
});
const text = `Zeit;kWh;Stand;Einspeisung\r\n${rows.join('\r\n')}\r\n`;

it('the pieces of a CSV file are its readings, as often as they are asked for', () => {
  const bytes = new TextEncoder().encode(text);
  const whole = readMeterFile(bytes, { csv: quarters, receivedAt: Date.UTC(2025, 0, 1) });
  const { kind, issues, pieces } = readMeterPieces(bytes, {
    csv: quarters,
    receivedAt: Date.UTC(2025, 0, 1),
  });
  expect(whole.readings.length).toBeGreaterThan(30_000);
  for (let n = 0; n < 2; n++) {
    const all = [...pieces()];
    expect(all.length).toBeGreaterThan(10);
    expect(all.flat()).toEqual(whole.readings);
  }
  expect({ kind, issues }).toEqual({ kind: whole.kind, issues: whole.issues });
  expect(issues.map(({ code }) => code)).toContain('impossible-time');
  expect(issues.map(({ code }) => code)).toContain('bad-value');
});

it('of other kinds the pieces are the readings too', () => {
  const telegram = new TextEncoder().encode('/ABC5x\r\n\r\n1-0:1.8.0(7*kWh)\r\n!\r\n');
  const options = { receivedAt: Date.UTC(2025, 0, 1) };
  const { readings } = readMeterFile(telegram, options);
  expect([...readMeterPieces(telegram, options).pieces()].flat()).toEqual(readings);
  expect(() => readMeterPieces(new Uint8Array(8), { maxBytes: 4 })).toThrow('at most 4 bytes');
});

it('one quoted cell changes nothing of the other rows, whichever way lines end', () => {
  for (const end of ['\r\n', '\n', '\r']) {
    const plain = text.replaceAll('\r\n', end);
    const quoted = plain.replace(`${rows.at(-1)}`, rows.at(-1)?.replace(/;2$/, ';"2"') ?? '');
    expect(quoted).toContain('"');
    const [one, other] = [readCsv(plain, quarters), readCsv(quoted, quarters)];
    expect(one.readings).toEqual(other.readings);
    expect(one.issues).toEqual(other.issues);
  }
});

it('intervals keep lengths of their own where the file tells their ends', () => {
  const lines = Array.from({ length: 5_000 }, (_, i) => {
    const start = Date.UTC(2025, 0, 1) + i * 3_600_000;
    const length = i < 2_500 ? 900_000 : 900_000 + (i % 5) * 60_000;
    return `${new Date(start).toISOString()},${new Date(start + length).toISOString()},1`;
  });
  const file = readCsv(`from,to,kWh\n${lines.join('\n')}`, {
    time: 'from',
    end: 'to',
    timeFormat: 'iso',
    columns: [{ ...column, kind: 'interval' }],
  });
  const durations = file.readings.map((one) => ('duration' in one ? one.duration : 0));
  expect(durations).toEqual(lines.map((_, i) => (i < 2_500 ? 900_000 : 900_000 + (i % 5) * 60_000)));
});
