import { COMMODITIES, FLOWS } from '@edmp/interface';
import { MAX_MQTT_RULES, MAX_MQTT_VALUES, type MqttMap } from '@edmp/oehu-client/live';
import * as z from 'zod';
import { MQTT_MAPPINGS } from '../meter-service.ts';

const path = z.union([
  z.string().min(1).max(256),
  z
    .array(z.union([z.string().min(1).max(128), z.int().min(0).max(10_000)]))
    .min(1)
    .max(16),
]);
const topic = z.string().min(1).max(512);
const format = z
  .array(z.enum(['iso', 'local', 'epoch-s', 'epoch-ms']))
  .min(1)
  .max(4);

const value = z.strictObject({
  path: path.exactOptional(),
  kind: z.enum(['register', 'power']),
  commodity: z.enum(COMMODITIES).exactOptional(),
  flow: z.enum([...FLOWS, 'net']).exactOptional(),
  tariff: z.union([z.int().min(0).max(99), z.literal('total')]).exactOptional(),
  unit: z.string().min(1).max(16),
  scale: z.number().exactOptional(),
  timePath: path.exactOptional(),
  register: z.string().min(1).max(128).exactOptional(),
});

const rule = z.strictObject({
  topic: topic.exactOptional(),
  payload: z.enum(['json', 'text', 'telegram']),
  time: z
    .discriminatedUnion('from', [
      z.strictObject({ from: z.literal('field'), path, format }),
      z.strictObject({ from: z.literal('topic'), topic, format }),
      z.strictObject({ from: z.literal('arrival') }),
    ])
    .exactOptional(),
  values: z.array(value).max(MAX_MQTT_VALUES).exactOptional(),
  serial: path.exactOptional(),
});

/** See `MqttMap`. */
const mqttMap: z.ZodType<MqttMap> = z.strictObject({ rules: z.array(rule).min(1).max(MAX_MQTT_RULES) });

/** Names of the maps that are there already. */
export const MQTT_MAP_NAMES: readonly string[] = MQTT_MAPPINGS;

/** A map of the topics of an MQTT broker: the name of one that is there already, or a map. */
export const mqttMapping: z.ZodType<string | MqttMap> = z.union([z.enum(MQTT_MAPPINGS), mqttMap]);
