import {
  isTopicFilter,
  MAX_MQTT_PAYLOAD,
  MQTT_MAPS,
  type MqttEvent,
  type MqttMap,
  type MqttMessage,
  type MqttReader,
  mqttReader,
} from '@edmp/oehu-client/live';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const zone = 'Europe/Amsterdam';
const NOW = Date.parse('2024-01-16T12:00:05Z');

const ready = (name: string, topic: string): MqttReader => {
  const found = MQTT_MAPS.find((one) => one.name === name);
  if (found === undefined) throw new Error(`No map ${name}`);
  return mqttReader(found.map(topic), { topic, zone });
};
const message = (topic: string, payload: string | object, more: Partial<MqttMessage> = {}): MqttMessage => ({
  topic,
  payload: new TextEncoder().encode(typeof payload === 'string' ? payload : JSON.stringify(payload)),
  isRetained: false,
  isDuplicate: false,
  receivedAt: NOW,
  ...more,
});
const brief = ({ readings, issues, power }: MqttEvent) => ({
  readings: readings.map((one) => {
    if ('duration' in one) throw new Error('An interval came out of a counter');
    const { at, register, value, flow, tariff, unit, serial } = one;
    return [new Date(at).toISOString(), register, value, unit, flow, tariff, serial ?? null];
  }),
  issues: issues.map(({ code }) => code),
  power,
});

describe('DSMR-reader', () => {
  const T = '2024-01-16T12:00:00Z';
  it('tells a time on one topic and its values on others', () => {
    const reader = ready('dsmr-reader', 'dsmr/reading/+');
    expect(reader.topics).toHaveLength(9);
    expect(reader.topics.every(({ qos }) => qos === 1)).toBe(true);
    const read = (name: string, text: string, more: Partial<MqttMessage> = {}) =>
      brief(reader.read(message(`dsmr/reading/${name}`, text, more)));
    // Before any time was told, and what the broker kept of both.
    expect(read('electricity_delivered_1', '1.000').issues).toEqual(['bad-time']);
    read('timestamp', T, { isRetained: true });
    expect(read('electricity_delivered_1', '1.000', { isRetained: true })).toMatchObject({
      readings: [],
      issues: ['bad-time'],
    });
    expect(read('electricity_delivered_1', '1.000').readings).toEqual([]);
    read('timestamp', T);
    const moment = new Date(T).toISOString();
    expect(read('electricity_delivered_1', '1234.567').readings).toEqual([
      [moment, 'electricity_delivered_1', 1_234_567_000, 'uKWh', 'import', 1, null],
    ]);
    expect(read('electricity_returned_2', '0.001').readings).toEqual([
      [moment, 'electricity_returned_2', 1_000, 'uKWh', 'export', 2, null],
    ]);
    expect(read('electricity_currently_delivered', '0.543').power).toEqual({ importW: 543, exportW: null });
    expect(read('electricity_currently_returned', '0.000').power).toEqual({ importW: 543, exportW: 0 });
    // Long after its time, in another hour's telegram.
    expect(read('electricity_delivered_2', '1.0', { receivedAt: NOW + 5_000 })).toMatchObject({
      readings: [],
      issues: ['bad-time'],
    });
    read('extra_device_timestamp', '2024-01-16 13:00:00+01:00');
    expect(read('extra_device_delivered', '12.345').readings).toEqual([
      [moment, 'extra_device_delivered', 12_345_000, 'uM3', 'import', 'total', null],
    ]);
    expect(read('phase_voltage_l1', '230')).toEqual({ readings: [], issues: [], power: null });
  });

  it('gives no value of a later telegram the time of an earlier one, when a broker drops what lies between', () => {
    const reader = ready('dsmr-reader', 'dsmr/reading/+');
    const read = (name: string, text: string) => brief(reader.read(message(`dsmr/reading/${name}`, text)));
    read('timestamp', T);
    expect(read('electricity_delivered_1', '1234.567').readings).toHaveLength(1);
    // The queue of the broker was full: hours later the next time is missing, and this counter stands beside the first.
    expect(read('electricity_delivered_1', '1236.000')).toMatchObject({ readings: [], issues: ['bad-time'] });
    expect(read('electricity_returned_1', '0.001').readings).toHaveLength(1);
    read('timestamp', '2024-01-16T12:00:10Z');
    expect(read('electricity_delivered_1', '1236.000').readings).toHaveLength(1);
  });

  it('tells all at once as JSON, the gas with its time', () => {
    const reader = ready('dsmr-json', 'dsmr/json');
    const json = {
      id: 1,
      timestamp: '2024-01-16T13:00:00+01:00',
      electricity_delivered_1: '1234.567',
      electricity_returned_1: '0.000',
      electricity_delivered_2: 2345.678,
      electricity_currently_delivered: '0.250',
      extra_device_timestamp: '2024-01-16T11:00:00Z',
      extra_device_delivered: '99.5',
    };
    expect(brief(reader.read(message('dsmr/json', json)))).toEqual({
      readings: [
        ['2024-01-16T12:00:00.000Z', 'electricity_delivered_1', 1_234_567_000, 'uKWh', 'import', 1, null],
        ['2024-01-16T12:00:00.000Z', 'electricity_delivered_2', 2_345_678_000, 'uKWh', 'import', 2, null],
        ['2024-01-16T12:00:00.000Z', 'electricity_returned_1', 0, 'uKWh', 'export', 1, null],
        ['2024-01-16T11:00:00.000Z', 'extra_device_delivered', 99_500_000, 'uM3', 'import', 'total', null],
      ],
      issues: [],
      power: { importW: 250, exportW: null },
    });
    // Without a gas meter both are null.
    const none = { ...json, extra_device_timestamp: null, extra_device_delivered: null };
    expect(brief(reader.read(message('dsmr/json', none))).issues).toEqual([]);
  });
});

describe('Zigbee2MQTT', () => {
  const topic = 'zigbee2mqtt/plug';
  it.each([
    ['2024-01-16T13:00:00+01:00'],
    ['2024-01-16T12:00:00.000Z'],
    [Date.parse('2024-01-16T12:00:00Z')],
  ])('tells counter and power with last_seen %s', (last_seen) => {
    const event = ready('zigbee2mqtt', topic).read(
      message(topic, { energy: 12.34, power: -23.4, last_seen, state: 'ON' }),
    );
    expect(brief(event)).toEqual({
      readings: [['2024-01-16T12:00:00.000Z', 'energy', 12_340_000, 'uKWh', 'import', 'total', null]],
      issues: [],
      power: { importW: 0, exportW: 23 },
    });
  });

  it('that tells no time has no readings, and the setting is named', () => {
    const event = ready('zigbee2mqtt', topic).read(message(topic, { energy: 12.34, power: 20 }));
    expect(event).toMatchObject({ isHeard: false, readings: [], power: { importW: 20 } });
    expect(event.issues[0]?.message).toContain('last_seen');
  });

  it('of what counts nothing takes no place among the meters of a wildcard', () => {
    const reader = ready('zigbee2mqtt', 'zigbee2mqtt/+');
    for (let i = 0; i < 300; i++) {
      const lamp = reader.read(message(`zigbee2mqtt/lamp ${i}`, { state: 'ON', brightness: 254 }));
      expect(brief(lamp)).toEqual({ readings: [], issues: [], power: null });
    }
    const plug = { energy: 1.5, power: 20, last_seen: '2024-01-16T12:00:00Z' };
    expect(brief(reader.read(message('zigbee2mqtt/plug', plug))).readings).toHaveLength(1);
  });

  it('of several plugs keeps them apart by their names, 64 at most', () => {
    const reader = ready('zigbee2mqtt', 'zigbee2mqtt/+');
    const serials = Array.from({ length: 70 }, (_, i) =>
      brief(reader.read(message(`zigbee2mqtt/plug ${i}`, { energy: 1, last_seen: NOW }))).readings.map(
        (one) => one[6],
      ),
    ).flat();
    expect(serials).toEqual(Array.from({ length: 64 }, (_, i) => `plug ${i}`));
  });
});

describe('Tasmota', () => {
  const topic = 'tele/plug/SENSOR';
  const read = (Time: unknown, receivedAt: number, more: Partial<MqttMessage> = {}) =>
    brief(
      ready('tasmota', topic).read(
        message(topic, { Time, ENERGY: { Total: 3.5, Power: 20 } }, { receivedAt, ...more }),
      ),
    );

  it('tells the time on the wall of the zone', () => {
    expect(read('2024-01-16T13:00:00', NOW)).toEqual({
      readings: [['2024-01-16T12:00:00.000Z', 'ENERGY.Total', 3_500_000, 'uKWh', 'import', 'total', null]],
      issues: [],
      power: { importW: 20, exportW: 0 },
    });
  });

  it.each([
    ['a device on UTC', '2024-01-16T12:00:00', NOW, 'clock'],
    ['a clock that was never set', '1970-01-01T00:00:41', NOW, 'impossible-time'],
    ['no calendar time', '2024-02-30T12:00:00', NOW, 'bad-time'],
    ['the hour that was skipped', '2024-03-31T02:30:00', Date.parse('2024-03-31T01:30:00Z'), 'skipped-time'],
  ])('refuses %s', (_what, time, receivedAt, code) => {
    expect(read(time, receivedAt)).toMatchObject({ readings: [], issues: [code] });
  });

  it('in the repeated hour is read by when it arrived', () => {
    for (const at of ['2024-10-27T00:30:00.000Z', '2024-10-27T01:30:00.000Z'])
      expect(read('2024-10-27T02:30:00', Date.parse(at) + 900).readings[0]?.[0]).toBe(at);
  });

  it('that the broker kept tells nothing', () => {
    expect(read('2024-01-16T13:00:00', NOW, { isRetained: true })).toEqual({
      readings: [],
      issues: ['ambiguous-time'],
      power: null,
    });
  });
});

describe('a map of one’s own', () => {
  const map: MqttMap = {
    rules: [
      {
        topic: 'home/+/counter',
        payload: 'text',
        time: { from: 'arrival' },
        values: [{ kind: 'register', commodity: 'water', unit: 'm3', scale: 0.001 }],
      },
    ],
  };
  it('times by arrival, asks the broker to keep nothing, and takes nothing that was kept or repeated', () => {
    const reader = mqttReader(map, { zone });
    expect(reader.topics).toEqual([{ topic: 'home/+/counter', qos: 0 }]);
    expect(brief(reader.read(message('home/garden/counter', ' 1234 '))).readings).toEqual([
      [new Date(NOW).toISOString(), 'counter', 1_234_000, 'uM3', 'import', 'total', 'garden'],
    ]);
    for (const more of [{ isRetained: true }, { isDuplicate: true }])
      expect(brief(reader.read(message('home/garden/counter', '1234', more)))).toMatchObject({
        readings: [],
        issues: ['bad-time'],
      });
  });

  it.each([
    ['no rule', { rules: [] }, '1 to 64'],
    ['a wildcard in the middle', { rules: [{ ...map.rules[0], topic: 'a/#/b' }] }, 'topic'],
    ['no time', { rules: [{ topic: 'a', payload: 'json', values: [] }] }, 'time'],
    [
      'a unit of something else',
      {
        rules: [
          {
            topic: 'a',
            payload: 'text',
            time: { from: 'arrival' },
            values: [{ kind: 'register', unit: 'm3' }],
          },
        ],
      },
      'm3',
    ],
    [
      'a scale that is no power of ten',
      {
        rules: [
          {
            topic: 'a',
            payload: 'text',
            time: { from: 'arrival' },
            values: [{ kind: 'register', unit: 'kWh', scale: 0.3 }],
          },
        ],
      },
      'power of ten',
    ],
    [
      'a telegram with values',
      { rules: [{ topic: 'a', payload: 'telegram', time: { from: 'arrival' } }] },
      'telegram',
    ],
    [
      'a net register',
      {
        rules: [
          {
            topic: 'a',
            payload: 'text',
            time: { from: 'arrival' },
            values: [{ kind: 'register', flow: 'net', unit: 'kWh' }],
          },
        ],
      },
      'net',
    ],
  ])('with %s is refused', (_what, wrong, text) => {
    expect(() => mqttReader(wrong as MqttMap, { zone })).toThrow(
      expect.objectContaining({ code: 'ERR_METER_FORMAT', message: expect.stringContaining(text) }),
    );
  });
});

describe('hostile messages', () => {
  it.each([
    ['no JSON', '{"energy": 1'],
    ['an array', '[1,2]'],
    ['a deep nest', '{"a":'.repeat(100)],
    ['no text', '\u0000\u0001'],
    ['half a surrogate pair', '{"energy":1,"last_seen":1705406400000,"id":"\\ud800"}'],
  ])('of %s are an issue', (_what, text) => {
    const event = ready('zigbee2mqtt', 'zigbee2mqtt/plug').read(message('zigbee2mqtt/plug', text));
    expect(event).toMatchObject({ isHeard: false, readings: [], issues: [{ code: 'unreadable' }] });
  });
  it.each([['NaN'], ['-1'], ['1e400'], ['12,5'], [''], [true], [null], [{}], [[1]], [1e300], [-0.001]])(
    'with the value %j are no reading',
    (energy) => {
      const event = ready('zigbee2mqtt', 'zigbee2mqtt/plug').read(
        message('zigbee2mqtt/plug', { energy, last_seen: NOW }),
      );
      expect(event.readings).toEqual([]);
      expect(event.issues.map(({ code }) => code)).toEqual(energy === null ? [] : ['bad-value']);
    },
  );
  it('of too many bytes, of none and with names of prototypes are none', () => {
    const reader = ready('zigbee2mqtt', 'zigbee2mqtt/plug');
    const large = new Uint8Array(MAX_MQTT_PAYLOAD + 1);
    expect(reader.read(message('zigbee2mqtt/plug', '', { payload: large })).issues).toMatchObject([
      { code: 'unreadable' },
    ]);
    expect(reader.read(message('zigbee2mqtt/plug', '')).issues).toEqual([]);
    const polluted = '{"__proto__":{"energy":1},"constructor":{"energy":2},"last_seen":1705406400000}';
    expect(reader.read(message('zigbee2mqtt/plug', polluted)).readings).toEqual([]);
  });

  it('never throw and never tell what is not in them', () => {
    const readers = MQTT_MAPS.map(({ map }) => mqttReader(map('t/+'), { topic: 't/+', zone }));
    const cell = fc.oneof(fc.jsonValue(), fc.constantFrom('2024-01-16T12:00:00Z', NOW, 1.5, '3.25', -1));
    const keys = ['energy', 'power', 'last_seen', 'Time', 'ENERGY', 'timestamp', 'electricity_delivered_1'];
    const object = fc.dictionary(fc.constantFrom(...keys), cell).map((one) => JSON.stringify(one));
    const bytes = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(
        fc.oneof(
          bytes,
          object.map((text) => new TextEncoder().encode(text)),
        ),
        fc.constantFrom('t/a', 't/timestamp', 't/electricity_delivered_1', '$SYS/t', ''),
        fc.boolean(),
        fc.boolean(),
        (payload, topic, isRetained, isDuplicate) => {
          for (const [i, reader] of readers.entries()) {
            const { readings } = reader.read({ topic, payload, isRetained, isDuplicate, receivedAt: NOW });
            for (const { value } of readings) {
              expect(Number.isSafeInteger(value) && value >= 0).toBe(true);
              // DSMR-reader's single values tell no time themselves.
              expect(i === 0 && isRetained).toBe(false);
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

it.each([
  ['a/+/b', true],
  ['#', true],
  ['a/#', true],
  ['a/#/b', false],
  ['a+/b', false],
  ['', false],
  ['a\u0000b', false],
])('%j is a filter of topics: %s', (filter, is) => expect(isTopicFilter(filter)).toBe(is));
