import { formatReading, readMeterFile } from '@edmp/oehu-client';
import { guessCsvMap } from '@edmp/oehu-client/sources';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { serialDateText } from '../src/sources/formats/xlsx/serial-date.ts';
import { ZipFiles } from '../src/sources/formats/xlsx/zip.ts';
import { samples } from './support/samples.ts';

const STYLES =
  '<styleSheet><numFmts><numFmt numFmtId="170" formatCode="[$-816]dd\\/mm\\/yyyy&quot; h&quot;hh:mm"/></numFmts>' +
  '<cellXfs><xf numFmtId="0"/><xf numFmtId="22"/><xf numFmtId="14"/><xf numFmtId="20"/><xf numFmtId="170"/></cellXfs></styleSheet>';

/** A workbook with sheets of given cells, packed. */
function workbook(
  sheets: Readonly<Record<string, string>>,
  { date1904 = false, more = {} } = {},
): Uint8Array {
  const names = Object.keys(sheets);
  const text = (content: string): Uint8Array => new TextEncoder().encode(`<?xml version="1.0"?>${content}`);
  return zipSync({
    'xl/workbook.xml': text(
      `<workbook xmlns:r="r"><workbookPr date1904="${date1904 ? 1 : 0}"/><sheets>${names
        .map((name, i) => `<sheet name="${name}" sheetId="${i + 1}" r:id="rId${i + 1}"/>`)
        .join('')}</sheets></workbook>`,
    ),
    'xl/_rels/workbook.xml.rels': text(
      `<Relationships>${names.map((_, i) => `<Relationship Id="rId${i + 1}" Target="worksheets/sheet${i + 1}.xml"/>`).join('')}</Relationships>`,
    ),
    'xl/styles.xml': text(STYLES),
    'xl/sharedStrings.xml': text('<sst><si><t>Zeit</t></si><si><r><t>k</t></r><r><t>Wh</t></r></si></sst>'),
    ...Object.fromEntries(
      names.map((name, i) => [
        `xl/worksheets/sheet${i + 1}.xml`,
        text(`<worksheet><sheetData>${sheets[name]}</sheetData></worksheet>`),
      ]),
    ),
    ...more,
  });
}

const row = (number: number, ...cells: string[]): string => `<row r="${number}">${cells.join('')}</row>`;
const number = (value: number | string, style = 0): string => `<c s="${style}"><v>${value}</v></c>`;
const shared = (index: number): string => `<c t="s"><v>${index}</v></c>`;
const inline = (text: string): string => `<c t="inlineStr"><is><t>${text}</t></is></c>`;
const codeOf = (read: () => unknown): string => {
  try {
    read();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'none';
};

/** 2026-01-10 00:00 in the system of 1900. */
const DAY = 46_032;
const HEADS = row(1, shared(0), shared(1));

describe('a workbook', () => {
  const quarters = [0, 1, 2, 3].map((i) => row(i + 2, number(DAY + i / 96, 1), number(0.1 + 0.2 * i)));

  it('is guessed at as CSV is, and read by the map', () => {
    const bytes = workbook({ Notes: row(1, inline('nothing here')), Data: HEADS + quarters.join('') });
    const { map } = guessCsvMap(bytes, { zone: 'Europe/Vienna' });
    expect(map).toMatchObject({ sheet: 'Data', time: 'Zeit', timeFormat: 'local', stepSeconds: 900 });
    const file = readMeterFile(bytes, { csv: map });
    expect(file.readings.map(formatReading).map(({ at, value, seconds }) => [at, value, seconds])).toEqual([
      ['2026-01-09T23:00:00.000Z', '0.1', 900],
      ['2026-01-09T23:15:00.000Z', '0.3', 900],
      ['2026-01-09T23:30:00.000Z', '0.5', 900],
      ['2026-01-09T23:45:00.000Z', '0.7', 900],
    ]);
  });

  it('has numbers with the mark of the map, whatever that is', () => {
    const bytes = workbook({
      Data:
        HEADS +
        row(2, inline('10.01.2026 00:00'), inline('1,5')) +
        row(3, inline('10.01.2026 00:15'), number(2.25)),
    });
    const csv = {
      delimiter: ';',
      decimal: ',',
      time: 'Zeit',
      timeFormat: 'local',
      zone: 'UTC',
      stepSeconds: 900,
      columns: [{ column: 'kWh', commodity: 'electricity', flow: 'import', unit: 'kWh', kind: 'interval' }],
    } as const;
    expect(readMeterFile(bytes, { csv }).readings.map(({ value }) => value)).toEqual([1_500_000, 2_250_000]);
    expect(codeOf(() => readMeterFile(bytes, { csv: { ...csv, sheet: 'Other' } }))).toBe('ERR_METER_SCHEMA');
  });

  it('has dates from 1900 or 1904, by their formats', () => {
    expect(serialDateText(DAY, 'both', false)).toBe('2026-01-10 00:00:00');
    expect(serialDateText(DAY - 1462, 'both', true)).toBe('2026-01-10 00:00:00');
    expect(serialDateText(1, 'date', false)).toBe('1900-01-01');
    expect(serialDateText(61, 'date', false)).toBe('1900-03-01');
    expect(serialDateText(0.75, 'time', false)).toBe('18:00:00');
    expect(serialDateText(1, 'time', false)).toBe('24:00:00');
    expect(serialDateText(-1, 'date', false)).toBeUndefined();
    const read = (style: number, date1904: boolean): unknown => {
      const bytes = workbook(
        { Data: HEADS + [0, 1].map((i) => row(i + 2, number(DAY + i, style), number(7))).join('') },
        { date1904 },
      );
      const { map } = guessCsvMap(bytes, { zone: 'UTC' });
      return readMeterFile(bytes, { csv: map }).readings.map((one) => formatReading(one).at)[0];
    };
    for (const style of [1, 2, 4]) {
      expect(read(style, false)).toBe('2026-01-10T00:00:00.000Z');
      expect(read(style, true)).toBe('2030-01-11T00:00:00.000Z');
    }
  });

  it('with a formula is refused and the cell named', () => {
    const bytes = workbook({ Data: `${HEADS}<row r="2"><c r="A2"><f>NOW()</f><v>46032</v></c></row>` });
    expect(() => readMeterFile(bytes)).toThrowError(
      expect.objectContaining({ code: 'ERR_METER_FORMAT', message: expect.stringContaining('A2') }),
    );
    expect(() => guessCsvMap(bytes, { zone: 'UTC' })).toThrowError(/formula/);
  });

  it('tells of a formula also after every portal has looked at a sheet that unfolds to much', () => {
    const wide = Array.from({ length: 60_000 }, (_, i) =>
      row(i + 2, inline(`${'x'.repeat(300)}`), number(i)),
    );
    const bytes = workbook({
      Data: `${HEADS}${wide.join('')}<row r="70000"><c r="A70000"><f>NOW()</f><v>1</v></c></row>`,
    });
    expect(() => readMeterFile(bytes)).toThrowError(/formula/);
  });

  it('whose sheets have too many elements together is refused, however small it is packed', () => {
    const empty = `<row>${'<c/>'.repeat(400_000)}</row>`;
    const sheets = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`s${i}`, empty] as const));
    const bytes = workbook(sheets);
    expect(bytes.length).toBeLessThan(100_000);
    expect(codeOf(() => readMeterFile(bytes))).toBe('ERR_METER_LIMIT');
    expect(codeOf(() => guessCsvMap(bytes, { zone: 'UTC' }))).toBe('ERR_METER_LIMIT');
  });

  it('takes no yes, no error and no strange number for an amount', () => {
    const cells = ['<c t="b"><v>1</v></c>', '<c t="e"><v>#N/A</v></c>', number('0x10'), number('1e400')];
    const rows = [number(1.5), ...cells].map((cell, i) => row(i + 2, number(DAY + i / 96, 1), cell));
    const csv = {
      time: 'Zeit',
      timeFormat: 'local',
      zone: 'UTC',
      stepSeconds: 900,
      columns: [{ column: 'kWh', commodity: 'electricity', flow: 'import', unit: 'kWh', kind: 'interval' }],
    } as const;
    const file = readMeterFile(workbook({ Data: HEADS + rows.join('') }), { csv });
    expect(file.readings.map(({ value }) => value)).toEqual([1_500_000]);
    expect(file.issues.map(({ code }) => code)).toEqual(cells.map(() => 'bad-value'));
  });

  it('whose cells stand twice or name no text is refused, for programs differ in what they show', () => {
    for (const cell of ['<c r="A2"><v>2</v></c>', '<c r="C2" t="s"><v>99</v></c>']) {
      const bytes = workbook({
        Data: `${HEADS}<row r="2"><c r="A2"><v>1</v></c><c r="B2"><v>1</v></c>${cell}</row>`,
      });
      expect(codeOf(() => guessCsvMap(bytes, { zone: 'UTC' }))).toBe('ERR_METER_FORMAT');
    }
  });

  it('that unfolds to too much is refused before it fills the memory', () => {
    const bomb = new ZipFiles(zipSync({ a: new Uint8Array(4 << 20) }), 1 << 20);
    expect(codeOf(() => bomb.text('a'))).toBe('ERR_METER_LIMIT');
    const parts = new ZipFiles(
      zipSync({ a: new Uint8Array(600), b: new Uint8Array(600) }, { level: 0 }),
      1000,
    );
    expect(parts.text('a')).toHaveLength(600);
    expect(codeOf(() => parts.text('b'))).toBe('ERR_METER_LIMIT');
  });

  it('that is damaged, encrypted or something else is told', () => {
    const bytes = workbook({ Data: HEADS });
    expect(codeOf(() => readMeterFile(bytes.subarray(0, bytes.length - 40)))).toBe('ERR_METER_FORMAT');
    expect(() => readMeterFile(zipSync({ 'a.txt': new Uint8Array(3) }))).toThrowError(/another archive/);
    expect(codeOf(() => readMeterFile(bytes))).toBe('ERR_METER_FORMAT');
  });
});

describe('the quarter hours of E-REDES', () => {
  it('are mean power with the end of the quarter, and the repeated hour in its order', () => {
    const sample = samples.find(({ name }) => name === 'pt-e-redes.xlsx');
    const { readings } = readMeterFile(sample?.bytes ?? new Uint8Array(0));
    const imports = readings.map(formatReading).filter(({ flow }) => flow === 'import');
    expect(imports.map(({ at, value, quality }) => [at, value, quality])).toEqual([
      ['2026-10-24T23:30:00.000Z', '0', 'measured'],
      ['2026-10-24T23:45:00.000Z', '0.087', 'measured'],
      ['2026-10-25T00:00:00.000Z', '0.1', 'measured'],
      ['2026-10-25T00:45:00.000Z', '0.101', 'measured'],
      ['2026-10-25T01:00:00.000Z', '0.125', 'estimated'],
      ['2026-10-25T01:45:00.000Z', '0.126', 'measured'],
      ['2026-10-25T02:00:00.000Z', '0.15', 'measured'],
      ['2026-10-25T23:45:00.000Z', '0.25', 'measured'],
    ]);
  });
});

describe('intervals stamped with their end in the night of the change', () => {
  const read = (...ends: string[]): unknown => {
    const text = `t,kWh\n${ends.map((end, i) => `2026-10-25 ${end},${i}`).join('\n')}\n`;
    const csv = {
      time: 't',
      timeFormat: 'local',
      zone: 'Europe/Berlin',
      stamp: 'end',
      stepSeconds: 3600,
      columns: [{ column: 'kWh', commodity: 'electricity', flow: 'import', unit: 'kWh', kind: 'interval' }],
    } as const;
    const { readings } = readMeterFile(new TextEncoder().encode(text), { csv });
    return readings.map(formatReading).map(({ at }) => at?.slice(8, 13));
  };
  const all = ['24T23', '25T00', '25T01', '25T02'];

  it('end at the old or the new time where the clock went back, in either direction', () => {
    expect(read('02:00', '03:00', '03:00', '04:00')).toEqual(all);
    expect(read('02:00', '02:00', '03:00', '04:00')).toEqual(all);
    expect(read('04:00', '03:00', '03:00', '02:00')).toEqual([...all].reverse());
    expect(read('03:00', '04:00')).toEqual(['25T01', '25T02']);
  });
});
