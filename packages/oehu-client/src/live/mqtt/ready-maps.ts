import type { MqttMap, MqttTimeFormat, MqttValue } from './map.ts';

/** A map that is there already. */
export interface ReadyMqttMap {
  /** Name, for command lines. */
  readonly name: string;
  /** What it reads, one line. */
  readonly title: string;
  /** Topics that are taken to be of this kind when nobody tells. */
  readonly looksLike: RegExp;
  /** The map for a topic as the address has it. */
  readonly map: (topic: string) => MqttMap;
}

const ISO: readonly MqttTimeFormat[] = ['iso'];

/** Registers of an electricity meter as DSMR-reader names them: delivered is to the household, 1 the low tariff. */
const DSMR_VALUES: Readonly<Record<string, MqttValue>> = {
  electricity_delivered_1: { kind: 'register', flow: 'import', tariff: 1, unit: 'kWh' },
  electricity_delivered_2: { kind: 'register', flow: 'import', tariff: 2, unit: 'kWh' },
  electricity_returned_1: { kind: 'register', flow: 'export', tariff: 1, unit: 'kWh' },
  electricity_returned_2: { kind: 'register', flow: 'export', tariff: 2, unit: 'kWh' },
  electricity_currently_delivered: { kind: 'power', flow: 'import', unit: 'kW' },
  electricity_currently_returned: { kind: 'power', flow: 'export', unit: 'kW' },
};
const DSMR_GAS: MqttValue = {
  kind: 'register',
  commodity: 'gas',
  unit: 'm3',
  register: 'extra_device_delivered',
};

/**
 * The maps for what households have. DSMR-reader's single values must be told in the order of its default settings: a
 * time before the values that it is of.
 */
export const MQTT_MAPS: readonly ReadyMqttMap[] = [
  {
    name: 'dsmr-reader',
    title: 'DSMR-reader, a topic for each value: dsmr/reading/+',
    looksLike: /(^|\/)reading\/[+#]$/,
    map(topic) {
      const base = topic.replace(/\/[+#]$/, '');
      const time = { from: 'topic', topic: `${base}/timestamp`, format: ISO } as const;
      const gasTime = { from: 'topic', topic: `${base}/extra_device_timestamp`, format: ISO } as const;
      const rules = Object.entries(DSMR_VALUES).map(([name, value]) => ({
        topic: `${base}/${name}`,
        payload: 'text' as const,
        time,
        values: [value],
      }));
      const gas = {
        topic: `${base}/extra_device_delivered`,
        payload: 'text',
        time: gasTime,
        values: [DSMR_GAS],
      } as const;
      return { rules: [...rules, gas] };
    },
  },
  {
    name: 'dsmr-json',
    title: 'DSMR-reader, all values as JSON: dsmr/json',
    looksLike: /(^|\/)dsmr\/json$/,
    map: (topic) => ({
      rules: [
        {
          topic,
          payload: 'json',
          time: { from: 'field', path: 'timestamp', format: ISO },
          values: [
            ...Object.entries(DSMR_VALUES).map(([path, value]) => ({ path, ...value })),
            { ...DSMR_GAS, path: 'extra_device_delivered', timePath: 'extra_device_timestamp' },
          ],
        },
      ],
    }),
  },
  {
    name: 'p1-telegram',
    title: 'Whole P1 telegrams: dsmr/raw, dsmr/telegram',
    looksLike: /(^|\/)(raw|telegram)$/,
    map: (topic) => ({ rules: [{ topic, payload: 'telegram' }] }),
  },
  {
    name: 'zigbee2mqtt',
    title:
      'Plugs and meters of Zigbee2MQTT: zigbee2mqtt/NAME; its setting last_seen must be ISO_8601 or epoch',
    looksLike: /^zigbee2mqtt\//,
    map: (topic) => ({
      rules: [
        {
          topic,
          payload: 'json',
          time: { from: 'field', path: 'last_seen', format: ['iso', 'epoch-ms'] },
          values: [
            { path: 'energy', kind: 'register', unit: 'kWh' },
            { path: 'produced_energy', kind: 'register', flow: 'export', unit: 'kWh' },
            { path: 'power', kind: 'power', flow: 'net', unit: 'W' },
          ],
        },
      ],
    }),
  },
  {
    name: 'tasmota',
    title:
      'Plugs and meters with Tasmota: tele/NAME/SENSOR; their wall-clock time is that of the meter’s zone',
    looksLike: /(^|\/)tele\/.*SENSOR$|^tele\//,
    map: (topic) => ({
      rules: [
        {
          topic,
          payload: 'json',
          time: { from: 'field', path: 'Time', format: ['iso', 'local'] },
          values: [
            { path: 'ENERGY.Total', kind: 'register', unit: 'kWh' },
            { path: 'ENERGY.Power', kind: 'power', flow: 'net', unit: 'W' },
          ],
        },
      ],
    }),
  },
];
