import { readMeterFile } from '@edmp/oehu-client';
import { p1Stream } from '@edmp/oehu-client/sources';
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
