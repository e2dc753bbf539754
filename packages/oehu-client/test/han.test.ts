import { formatReading, readMeterFile } from '@edmp/oehu-client';
import { hanStream } from '@edmp/oehu-client/sources';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  aidon,
  austrian,
  axdr,
  blocks,
  ciphered,
  hdlc,
  kaifa,
  kamstrup,
  mbus,
  notification,
  type Told,
  type Written,
} from './support/han-frames.ts';

const KEY = '000102030405060708090A0B0C0D0E0F';
const AUTHENTICATION = '0F0E0D0C0B0A09080706050403020100';
const LUXEMBOURG = '00112233445566778899AABBCCDDEEFF';

const told = (over: Partial<Told> = {}): Told => ({
  time: { wall: [2026, 1, 10, 13, 0, 10] },
  importWh: 1_234_560,
  exportWh: 7_890,
  watts: 1_468,
  isFull: true,
  ...over,
});
const joined = (...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));
const values = (bytes: Uint8Array, options: Parameters<typeof readMeterFile>[1] = {}): unknown[] =>
  readMeterFile(bytes, options)
    .readings.map(formatReading)
    .map(({ at, value, flow, meter, serial }) => [at, flow, value, meter, serial]);
const codeOf = (read: () => unknown): string => {
  try {
    read();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'none';
};

describe('lists of a customer port', () => {
  const lists: readonly (readonly [string, (one: Told) => Written, string, string])[] = [
    ['Aidon', aidon, '1-0', '7359992800000007'],
    ['Kaifa', kaifa, '1-0', '6970631400000007'],
    ['Kamstrup', kamstrup, '1-1', '5706567000000007'],
  ];

  describe.each(lists)('of %s', (_name, make, channel, serial) => {
    const expected = [
      ['2026-01-10T12:00:10.000Z', 'import', '1234.56', `${channel}:1.8.0`, serial],
      ['2026-01-10T12:00:10.000Z', 'export', '7.89', `${channel}:2.8.0`, serial],
    ];
    const apdu = notification(make(told()));

    it('are read in one frame, in segments, and in blocks', () => {
      expect(values(hdlc(apdu))).toEqual(expected);
      expect(values(hdlc(apdu, 40))).toEqual(expected);
      expect(values(joined(...blocks(apdu, 60).map((block) => hdlc(block, 30))))).toEqual(expected);
    });

    it('are the same in whatever pieces the bytes come', () => {
      const bytes = joined(Uint8Array.of(9, 0x7e, 0xa0, 3), hdlc(apdu, 64), hdlc(apdu, 64));
      fc.assert(
        fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 40 }), (sizes) => {
          const stream = hanStream();
          const events = [];
          let at = 0;
          for (const size of [...sizes, bytes.length]) {
            events.push(...stream.push(bytes.subarray(at, at + size)));
            at += size;
          }
          events.push(...stream.end());
          const telegrams = events.flatMap((event) => (event.ok ? [event.telegram] : []));
          expect(telegrams.map(({ readings, power }) => [readings.length, power.importW])).toEqual([
            [2, 1468],
            [2, 1468],
          ]);
        }),
        { numRuns: 100 },
      );
    });

    it('with a changed bit give nothing instead of another value', () => {
      const bytes = hdlc(apdu, 100);
      for (let bit = 0; bit < 8 * bytes.length; bit++) {
        const changed = bytes.slice();
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const stream = hanStream();
        const events = [...stream.push(changed), ...stream.end()];
        const read = events.filter((event) => event.ok);
        if (read.length > 0) expect.unreachable(`bit ${bit} went unseen`);
      }
    });

    it('that are sent once an hour belong to the full hour', () => {
      const short = notification(make(told({ isFull: false })));
      expect(values(joined(hdlc(short), hdlc(apdu))).map((row) => (row as string[])[0])).toEqual([
        '2026-01-10T12:00:00.000Z',
        '2026-01-10T12:00:00.000Z',
      ]);
      const ten = notification(make(told({ time: { wall: [2026, 1, 10, 13, 0, 20] } })));
      expect(values(joined(hdlc(apdu), hdlc(ten))).map((row) => (row as string[])[0])).toEqual([
        '2026-01-10T12:00:10.000Z',
        '2026-01-10T12:00:10.000Z',
        '2026-01-10T12:00:20.000Z',
        '2026-01-10T12:00:20.000Z',
      ]);
    });
  });

  it('of Austria are opened by their key, in M-Bus and HDLC', () => {
    const plain = notification(
      austrian(told({ time: { wall: [2026, 7, 10, 13, 0, 5], deviation: -120, status: 0x80 } })),
    );
    const expected = [
      ['2026-07-10T11:00:05.000Z', 'import', '1234.56', '1-0:1.8.0', '181220000007'],
      ['2026-07-10T11:00:05.000Z', 'export', '7.89', '1-0:2.8.0', '181220000007'],
    ];
    const keys = { encryption: KEY };
    // Whoever has no key is told where to give it.
    expect(() => readMeterFile(mbus(ciphered(plain, { key: KEY })))).toThrowError(
      /--key-file .*--token-file .*Key on the page/,
    );
    for (const suite of [0, 1]) {
      const apdu = ciphered(plain, { key: KEY, suite });
      for (const bytes of [mbus(apdu), mbus(apdu, 50), hdlc(apdu), hdlc(apdu, 60)]) {
        expect(values(bytes, { keys })).toEqual(expected);
      }
    }
  });

  it('with a tag are opened only when it fits', () => {
    const plain = notification(austrian(told()));
    const sealed = hdlc(ciphered(plain, { key: KEY, authentication: AUTHENTICATION }));
    const keys = { encryption: KEY, authentication: AUTHENTICATION };
    expect(values(sealed, { keys })).toHaveLength(2);
    expect(codeOf(() => readMeterFile(sealed))).toBe('ERR_METER_FORMAT');
    expect(codeOf(() => readMeterFile(sealed, { keys: { encryption: KEY } }))).toBe('ERR_METER_CHECKSUM');
    expect(codeOf(() => readMeterFile(sealed, { keys: { ...keys, encryption: AUTHENTICATION } }))).toBe(
      'ERR_METER_CHECKSUM',
    );
    expect(codeOf(() => readMeterFile(sealed, { keys: { ...keys, encryption: 'secret' } }))).toBe(
      'ERR_METER_FORMAT',
    );
    const bare = hdlc(ciphered(plain, { key: KEY }));
    expect(codeOf(() => readMeterFile(bare, { keys: { encryption: AUTHENTICATION } }))).toBe(
      'ERR_METER_CHECKSUM',
    );
  });

  it('of Luxembourg are P1 telegrams inside', () => {
    const text =
      '/Lux5\\253663629_A\r\n\r\n0-0:1.0.0(260110130000W)\r\n1-0:1.8.0(000042.385*kWh)\r\n1-0:1.7.0(00.498*kW)\r\n!\r\n';
    const apdu = ciphered([...Buffer.from(text)], { key: KEY, authentication: LUXEMBOURG });
    const keys = { encryption: KEY };
    expect(values(Uint8Array.from(apdu), { keys, zone: 'Europe/Luxembourg' })).toEqual([
      ['2026-01-10T12:00:00.000Z', 'import', '42.385', '1-0:1.8.0', undefined],
    ]);
    const stream = hanStream({ keys, zone: 'Europe/Luxembourg' });
    const [event] = stream.push(Uint8Array.from([...Buffer.from('noise'), ...apdu]));
    expect(event).toMatchObject({ ok: true, telegram: { power: { importW: 498, exportW: null } } });
  });

  it('without unit or with a strange one are told, not read', () => {
    const list = axdr.structure(
      axdr.obis(1, 0, 1, 8, 0),
      axdr.u32(5),
      axdr.obis(1, 0, 2, 8, 0),
      axdr.u32(5),
      axdr.scale(0, 27),
    );
    expect(codeOf(() => readMeterFile(hdlc(notification(list))))).toBe('ERR_METER_SCHEMA');
    const both = axdr.structure(list, axdr.obis(1, 0, 1, 8, 1), axdr.u32(7_000), axdr.scale(0, 30));
    const file = readMeterFile(hdlc(notification(both, { wall: [2026, 1, 10, 13, 0, 0] })));
    expect(file.readings.map(formatReading)).toMatchObject([
      { tariff: 1, value: '7', at: '2026-01-10T12:00:00.000Z' },
    ]);
    expect(file.issues.map(({ code }) => code)).toEqual(['unknown-unit', 'unknown-unit']);
  });
});

describe('a log of a customer port', () => {
  it('of very many damaged frames is told in one issue for each kind, counted, and given up where there is nothing else', () => {
    const flags = Uint8Array.from({ length: 3 * 200_000 }, (_, i) => [0x7e, 0xa7, 0xff][i % 3] ?? 0);
    const good = hdlc(notification(aidon(told())));
    const { readings, issues } = readMeterFile(joined(good, flags), {
      kind: 'han-dlms',
      zone: 'Europe/Oslo',
    });
    expect(readings).toHaveLength(2);
    const damaged = issues.filter(({ code }) => code === 'unreadable');
    expect(damaged.length).toBeLessThan(5);
    expect(damaged[0]?.message).toMatch(/\(and \d{5,} more telegrams\)/);
    const many = Buffer.alloc(3 * 1_100_000, Uint8Array.of(0x7e, 0xa7, 0xff));
    expect(codeOf(() => readMeterFile(many, { kind: 'han-dlms' }))).toBe('ERR_METER_CHECKSUM');
    expect(codeOf(() => readMeterFile(joined(good, many), { kind: 'han-dlms' }))).toBe('ERR_METER_LIMIT');
  });
});

describe("a meter's clock", () => {
  const at = (time: Told['time'], options: { zone?: string; receivedAt?: number } = {}): unknown => {
    const stream = hanStream(options);
    const [event] = stream.push(hdlc(notification(aidon(told({ time })))));
    if (event?.ok !== true) return event?.error.code;
    const { readings, issues } = event.telegram;
    return [new Date(readings[0]?.at ?? 0).toISOString(), ...issues.map(({ code }) => code)];
  };

  it('goes by its deviation, also of the wrong sign', () => {
    expect(at({ wall: [2026, 1, 10, 13, 0, 0], deviation: -60 })).toEqual(['2026-01-10T12:00:00.000Z']);
    expect(at({ wall: [2026, 1, 10, 13, 0, 0], deviation: 60 })).toEqual([
      '2026-01-10T12:00:00.000Z',
      'clock',
    ]);
    expect(at({ wall: [2026, 7, 10, 13, 0, 0], deviation: -60 })).toEqual(['2026-07-10T12:00:00.000Z']);
  });

  it('without one goes by the zone, and tells what it assumes in summer', () => {
    expect(at({ wall: [2026, 1, 10, 13, 0, 0] })).toEqual(['2026-01-10T12:00:00.000Z']);
    expect(at({ wall: [2026, 7, 10, 13, 0, 0], status: 0x80 })).toEqual(['2026-07-10T11:00:00.000Z']);
    expect(at({ wall: [2026, 7, 10, 13, 0, 0] })).toEqual(['2026-07-10T11:00:00.000Z', 'assumed']);
    expect(at({ wall: [2026, 7, 10, 13, 0, 0] }, { zone: 'Etc/GMT-1' })).toEqual([
      '2026-07-10T12:00:00.000Z',
    ]);
  });

  it('that is heard is understood by the time of arrival', () => {
    const wall = [2026, 7, 10, 13, 0, 0] as const;
    expect(at({ wall }, { receivedAt: Date.UTC(2026, 6, 10, 12, 0, 4) })).toEqual([
      '2026-07-10T12:00:00.000Z',
    ]);
    expect(at({ wall }, { receivedAt: Date.UTC(2026, 6, 10, 11, 0, 4) })).toEqual([
      '2026-07-10T11:00:00.000Z',
    ]);
    const repeated = [2026, 10, 25, 2, 30, 0] as const;
    for (const hour of [0, 1]) {
      const receivedAt = Date.UTC(2026, 9, 25, hour, 30, 8);
      expect(at({ wall: repeated }, { receivedAt })).toEqual([`2026-10-25T0${hour}:30:00.000Z`]);
    }
    expect(at({ wall: repeated, status: 0x80 })).toEqual(['2026-10-25T00:30:00.000Z']);
    expect(at({ wall: repeated })).toEqual(['2026-10-25T01:30:00.000Z', 'ambiguous-time']);
    expect(at({ wall: [2026, 3, 29, 2, 30, 0] })).toEqual(['2026-03-29T01:30:00.000Z', 'assumed']);
  });
});
