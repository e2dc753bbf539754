import { oehuSource, readMeterFile } from '@edmp/oehu-client';
import { fileSource, readCsv } from '@edmp/oehu-client/sources';
import { meterSourceSuite } from '@edmp/testing';
import { crc16Arc } from '../src/sources/formats/p1/crc16.ts';
import { emulated } from './support/emulated.ts';

const START = Date.UTC(2026, 0, 10);
const QUARTER = 900_000;
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const quarters = Array.from({ length: 9 }, (_, i) => START + i * QUARTER);
const iso = (at: number): string => new Date(at).toISOString();
const file = (bytes: Uint8Array) => async () => ({
  source: fileSource([readMeterFile(bytes)]),
  device: 'file',
  from: START,
  to: START + 8 * QUARTER,
});

meterSourceSuite({
  name: 'the OEHU source',
  async create() {
    const { emulator, client } = await emulated({ readingEverySeconds: 300 });
    const device = emulator.devices[0]?.ormId ?? '';
    return { source: oehuSource(client), device, from: emulator.start, to: emulator.start + 8 * QUARTER };
  },
});

{
  const packed = (at: number): string =>
    iso(at + 3_600_000)
      .replace(/\D/g, '')
      .slice(2, 14);
  const telegrams = quarters.map((at, i) => {
    const body = `/TST5\r\n\r\n1-3:0.2.8(50)\r\n0-0:1.0.0(${packed(at)}W)\r\n1-0:1.8.1(00000${i}.250*kWh)\r\n1-0:1.8.2(000001.000*kWh)\r\n!`;
    return `${body}${crc16Arc(bytesOf(body)).toString(16).padStart(4, '0')}\r\n`;
  });
  meterSourceSuite({ name: 'P1 telegrams', create: file(bytesOf(telegrams.join(''))) });
}

{
  const intervals = quarters
    .slice(0, 8)
    .map(
      (at, i) =>
        `<IntervalReading><timePeriod><duration>900</duration><start>${at / 1000}</start></timePeriod><value>${100 + i}</value></IntervalReading>`,
    );
  const type = '<ReadingType><flowDirection>1</flowDirection><uom>72</uom></ReadingType>';
  const text = `<feed><entry><content>${type}</content></entry><entry><content><IntervalBlock>${intervals.join('')}</IntervalBlock></content></entry></feed>`;
  meterSourceSuite({ name: 'Green Button', create: file(bytesOf(text)) });
}

{
  const records = quarters.map((at, i) => ({ n: '1-0:1.8.0', u: 'Wh', t: at / 1000, v: 1000 + i * 50 }));
  meterSourceSuite({ name: 'SenML', create: file(bytesOf(JSON.stringify(records))) });
}

meterSourceSuite({
  name: 'HomeWizard answers, one after the other',
  create: async () => ({
    source: fileSource(
      quarters.map((at, i) =>
        readMeterFile(
          bytesOf(JSON.stringify({ unique_id: 'h', total_power_import_kwh: 5 + i / 8, power_w: 1 })),
          {
            receivedAt: at,
          },
        ),
      ),
    ),
    device: 'file',
    from: START,
    to: START + 8 * QUARTER,
  }),
});

{
  const text = `at,kWh\n${quarters.map((at, i) => `${iso(at)},${i}`).join('\n')}\n`;
  meterSourceSuite({
    name: 'CSV',
    create: async () => ({
      source: fileSource([
        readCsv(text, {
          time: 'at',
          timeFormat: 'iso',
          columns: [
            { column: 'kWh', commodity: 'electricity', flow: 'export', unit: 'kWh', kind: 'register' },
          ],
        }),
      ]),
      device: 'file',
      from: START,
      to: START + 8 * QUARTER,
    }),
  });
}
