import { readMeterFile } from '@edmp/oehu-client';
import { p1Stream, readTelegrams } from '@edmp/oehu-client/sources';
import { expect, it } from 'vitest';

const WHOLE =
  '/ISk5\\2MT382-1000\r\n\r\n0-0:96.1.1(4B384547303034303436333935353037)\r\n1-0:1.8.1(12345.678*kWh)\r\n!\r\n';
const damaged = WHOLE.replace('!', '!ABCD');

it('a log of very many damaged telegrams is told in one issue for each kind, counted', () => {
  const text = WHOLE + damaged.repeat(20_000) + '/a\r\n'.repeat(50_000) + WHOLE;
  const { readings, issues } = readMeterFile(new TextEncoder().encode(text), {
    kind: 'dsmr-p1',
    receivedAt: Date.parse('2024-01-16T12:00:00Z'),
  });
  expect(readings).toHaveLength(2);
  expect(issues.filter(({ code }) => code === 'unreadable')).toEqual([
    {
      code: 'unreadable',
      at: 'telegram 1',
      message: 'The CRC does not fit: the telegram was damaged or changed (and 19999 more telegrams)',
    },
    {
      code: 'unreadable',
      at: 'telegram 20001',
      message: 'A telegram began before the last one had ended (and 49999 more telegrams)',
    },
  ]);
});

it('a damaged telegram of a stream has its error, the same one each time', () => {
  const [event] = p1Stream().push(new TextEncoder().encode(damaged));
  if (event === undefined || event.ok) throw new Error('Expected a damaged telegram');
  expect(event.error).toMatchObject({ name: 'MeterError', code: 'ERR_METER_CHECKSUM' });
  expect(event.error).toBe(event.error);
});

it('a flood of tiny telegrams without time is counted to its end', () => {
  const count = 100_000;
  const file = readTelegrams(Buffer.from(`${'/A\n!\n'.repeat(count - 1)}/A\n1-0:1.8.0(7*kWh)\n!\n`), {
    receivedAt: 1,
  });
  expect(file.readings).toMatchObject([{ at: 1, value: 7_000_000 }]);
  expect(file.issues).toMatchObject([
    { code: 'no-time', message: expect.stringMatching(/^99999 telegrams/) },
  ]);
  const untimed = readMeterFile(Buffer.from('/A\n1-0:1.8.0(x*kWh)\n!\n'.repeat(count)), { kind: 'dsmr-p1' });
  expect(untimed.issues).toHaveLength(1001);
  expect(untimed.issues[1]).toMatchObject({ code: 'no-time', at: 'telegram 0, 0-0:1.0.0' });
  expect(untimed.issues.at(-1)?.message).toBe(`${2 * count - 1000} more like these`);
});
