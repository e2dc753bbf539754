import { intervalSeries, readMeterFile } from '@edmp/oehu-client';
import { readSenml } from '@edmp/oehu-client/sources';
import { describe, expect, it } from 'vitest';
import { boundedIssues, issueList, MAX_ISSUES } from '../src/sources/issues.ts';
import { parseXml } from '../src/sources/xml.ts';

const one = (at: string) => ({ code: 'bad-value', at, message: 'x' }) as const;

describe('what is wrong with a file', () => {
  it('is kept up to a bound and counted beyond it, also where lists are put together', () => {
    const [first, second] = [issueList(), issueList()];
    for (let i = 0; i < 5_000; i++) first.push(one(`a${i}`));
    for (let i = 0; i < 3_000; i++) second.push(one(`b${i}`));
    expect(first).toHaveLength(MAX_ISSUES + 1);
    const all = boundedIssues([...first, ...second, one('last')]);
    expect(all).toHaveLength(MAX_ISSUES + 1);
    expect(all.at(-1)).toMatchObject({ code: 'more', message: `${8_001 - MAX_ISSUES} more like these` });
    expect(boundedIssues([one('a')])).toEqual([one('a')]);
    expect(JSON.parse(JSON.stringify(all.at(-1)))).toMatchObject({ code: 'more', at: '$' });
    expect(first.map(({ at }) => at).slice(0, 2)).toEqual(['a0', 'a1']);
  });

  it('fills no memory, whatever reads it', () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => ({ n: `x${i}`, v: 1 }));
    const good = { n: 'electricity/import', u: 'kWh', v: 1, t: 1_768_000_000 };
    expect(readSenml([...rows, good]).issues).toHaveLength(MAX_ISSUES + 1);
    const text = `start,seconds,commodity,flow,tariff,value,unit,quality\n2026-01-10T00:00:00Z,900,electricity,import,total,1,kWh,measured\n${'x,1,a,b,c,d,e,f\n'.repeat(20_000)}`;
    const file = readMeterFile(new TextEncoder().encode(text));
    expect(file.issues.at(-1)).toMatchObject({
      code: 'more',
      message: `${20_000 - MAX_ISSUES} more like these`,
    });
  });
});

describe('XML', () => {
  it('with a long name and much white space is read in one pass', () => {
    const cpu = (spaces: number): number => {
      const text = `<a ${'b'.repeat(200)}${' '.repeat(spaces)}c="1"/>`;
      const before = process.cpuUsage();
      expect(parseXml(text).attributes).toEqual({ c: '1' });
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    cpu(1_000);
    // Character by character it took two hundred times as long: more than a second.
    expect(cpu(4_000_000)).toBeLessThan(500_000);
  });

  it('has attributes with any white space about them, and reads elements within a budget', () => {
    const text = `<a x = "1"\n y='2' n:z\t=\n"&lt;3"/>`;
    expect(parseXml(text).attributes).toEqual({ x: '1', y: '2', z: '<3' });
    const budget = { elements: 5 };
    parseXml('<a><b/><b/></a>', { budget });
    expect(() => parseXml('<a><b/><b/></a>', { budget })).toThrowError(
      expect.objectContaining({ code: 'ERR_METER_LIMIT' }),
    );
  });
});

describe('what is very long or very many', () => {
  const code = (read: () => unknown): string => {
    try {
      read();
    } catch (error) {
      return (error as { code?: string; name: string }).code ?? (error as Error).name;
    }
    return 'read';
  };
  const csv = {
    time: 't',
    timeFormat: 'iso',
    decimal: ',',
    stepSeconds: 900,
    columns: [{ column: 'v', commodity: 'electricity', flow: 'import', unit: 'kWh', kind: 'interval' }],
  } as const;

  it.each([
    [
      'a cell of CSV',
      `t,v\n2026-01-10T00:00:00Z,"1${'.123'.repeat(8_000_000)}"`,
      { csv },
      'ERR_METER_SCHEMA',
    ],
    [
      'a log in hexadecimal digits',
      `680606${'00'.repeat(16_000_000)}`,
      { kind: 'han-dlms' },
      'ERR_METER_FORMAT',
    ],
    [
      'a document with very many blocks',
      `<ConsumptionRecord><ProcessDirectory>${'<EnergyData MeterCode="1-1:1.9.0 P.01" UOM="KWH"/>'.repeat(200_000)}</ProcessDirectory></ConsumptionRecord>`,
      {},
      'ERR_METER_SCHEMA',
    ],
  ] as const)('overflows no stack: %s', (_name, text, options, expected) => {
    expect(code(() => readMeterFile(new TextEncoder().encode(text), options))).toBe(expected);
  });

  it('nor in the series: a register told very often anew', () => {
    const at = Date.parse('2026-01-10T00:00:00Z');
    const reading = {
      commodity: 'electricity',
      flow: 'import',
      tariff: 'total',
      unit: 'uKWh',
      trust: 'unsigned',
    } as const;
    const registers = Array.from({ length: 300_000 }, (_, i) => ({
      ...reading,
      at: at + (i < 299_999 ? 0 : 3_600_000),
      value: i < 299_999 ? 5_000_000 : 6_000_000,
      record: 'r',
    }));
    const range = { from: at, to: at + 3_600_000, commodity: 'electricity', flow: 'import' } as const;
    expect(intervalSeries(registers, { ...range, step: 'PT1H', zone: 'UTC' }).values).toEqual([1_000_000]);
  });
});

it('a meter file with half a surrogate pair is refused: two serials would be kept as one', () => {
  const file = (serial: string): Uint8Array =>
    new TextEncoder().encode(`[{"bn":"${serial}","n":"1-0:1.8.0","u":"Wh","v":1,"t":1700000000}]`);
  expect(readMeterFile(file('E1\\ud83d\\ude00')).kind).toBe('senml');
  for (const half of ['E\\ud800', '\\uDC00', '\\ude00\\ud83d'])
    expect(() => readMeterFile(file(half))).toThrowError(
      expect.objectContaining({ code: 'ERR_METER_FORMAT', message: expect.stringContaining('surrogate') }),
    );
});
