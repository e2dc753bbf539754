import { type P1Event, p1Stream, parseTelegram } from '@edmp/oehu-client/sources';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { crc16Arc } from '../src/sources/formats/p1/crc16.ts';

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
/** A telegram with a CRC, written as a meter would; `pad` = with leading zeros. */
function render(objects: readonly string[], pad = true): Uint8Array {
  const body = bytesOf(`/TST5\\2\r\n\r\n1-3:0.2.8(50)\r\n${objects.map((line) => `${line}\r\n`).join('')}!`);
  const crc = crc16Arc(body).toString(16).toUpperCase();
  return Uint8Array.from([...body, ...bytesOf(`${pad ? crc.padStart(4, '0') : crc}\r\n`)]);
}
const telegram = (value: string, pad = true): Uint8Array =>
  render(['0-0:1.0.0(260101120000W)', `1-0:1.8.1(${value}*kWh)`], pad);
const outcomes = (events: readonly P1Event[]): (string | number | undefined)[] =>
  events.map((event) => (event.ok ? event.telegram.readings[0]?.value : event.error.code));

it('computes the check value of CRC-16/ARC', () => {
  expect(crc16Arc(bytesOf('123456789'))).toBe(0xbb3d);
});

it('cuts a stream in pieces of any size into the same telegrams', () => {
  const stream = Uint8Array.from([
    ...bytesOf('noise\r\n'),
    ...telegram('000001.000'),
    ...telegram('000002.500'),
  ]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (sizes) => {
      const reader = p1Stream();
      const events: P1Event[] = [];
      for (let position = 0, i = 0; position < stream.length; i++) {
        const size = sizes[i % sizes.length] ?? 1;
        events.push(...reader.push(stream.slice(position, position + size)));
        position += size;
      }
      events.push(...reader.end());
      expect(outcomes(events)).toEqual([1_000_000, 2_500_000]);
    }),
  );
});

it('goes on after a damaged, an unfinished and an endless telegram', () => {
  const damaged = telegram('000001.000');
  damaged[20] = 0x39;
  const reader = p1Stream();
  const events = [
    ...reader.push(damaged),
    ...reader.push(telegram('000002.000').slice(0, 40)),
    ...reader.push(bytesOf('\r\n')),
    ...reader.push(telegram('000003.000')),
    ...reader.push(bytesOf(`/TST5\r\n${'1-0:0.0.0(x)\r\n'.repeat(5000)}`)),
    ...reader.push(telegram('000004.000')),
    ...reader.end(),
  ];
  expect(outcomes(events)).toEqual([
    'ERR_METER_CHECKSUM',
    'ERR_METER_FORMAT',
    3_000_000,
    'ERR_METER_LIMIT',
    4_000_000,
  ]);
});

it('reads back every register value that a meter can write, with padded and unpadded CRCs', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 999_999_999 }), fc.boolean(), (milli, pad) => {
      const text = `${String(Math.floor(milli / 1000)).padStart(6, '0')}.${String(milli % 1000).padStart(3, '0')}`;
      expect(parseTelegram(telegram(text, pad)).readings[0]?.value).toBe(milli * 1000);
    }),
    { numRuns: 2000 },
  );
});

it('tells the two passes through the repeated hour apart by S and W', () => {
  const at = (time: string) => parseTelegram(render([`0-0:1.0.0(${time})`])).at;
  expect(at('261025023000S')).toBe(Date.UTC(2026, 9, 25, 0, 30));
  expect(at('261025023000W')).toBe(Date.UTC(2026, 9, 25, 1, 30));
  expect(parseTelegram(render(['0-0:1.0.0(261325023000W)'])).issues.map((issue) => issue.code)).toContain(
    'bad-time',
  );
});

it('keeps unknown lines, flags unreadable values, and leaves electricity sub-meters out of the readings', () => {
  const result = parseTelegram(
    render([
      '0-0:1.0.0(260101120000W)',
      '1-0:1.8.1(abc*kWh)',
      'what is this',
      '0-3:24.1.0(002)',
      '0-3:96.1.0(31)',
      '0-3:24.2.1(260101115500W)(000001.000*kWh)',
      '0-1:24.1.0(012)',
      '0-1:24.2.1(260101110000W)(1.5*GJ)',
    ]),
  );
  expect(result.unknown).toEqual(['what is this']);
  expect(result.issues).toMatchObject([{ code: 'bad-value', at: '1-0:1.8.1' }]);
  expect(result.channels).toMatchObject([
    { channel: 1, commodity: 'heat' },
    { channel: 3, commodity: 'electricity', reading: { value: 1_000_000 } },
  ]);
  expect(result.readings).toMatchObject([{ commodity: 'heat', value: 1_500_000, unit: 'uGJ' }]);
});
