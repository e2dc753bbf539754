import { MQTT_MAPS, type MqttMap, type MqttReader, mqttReader } from '@edmp/oehu-client/live';
import type { MeterSettings } from '../settings.ts';

/** Where messages come from. */
export interface MqttPlace {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  /** Topic or filter; undefined when the map names all. */
  readonly topic: string | undefined;
}

const PORT = 1883;
const SECURE_PORT = 8883;

/** The parts of `mqtt(s)://HOST[:PORT][/TOPIC]`, where a topic may end with `#`; undefined when it is none. */
export function mqttPlace(address: string): MqttPlace | undefined {
  const url = URL.parse(address);
  if (url === null || url.hostname === '' || url.search !== '' || url.hash !== '') return undefined;
  const isSecure = url.protocol === 'mqtts:';
  if (!isSecure && url.protocol !== 'mqtt:') return undefined;
  let topic: string;
  try {
    topic = decodeURIComponent(url.pathname.slice(1)) + (url.href.endsWith('#') ? '#' : '');
  } catch {
    return undefined;
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isSecure ? SECURE_PORT : PORT) : Number(url.port),
    isSecure,
    topic: topic === '' ? undefined : topic,
  };
}

/** Name of the map that a topic looks like; undefined when it looks like none. */
export function mqttMapOf(topic: string): string | undefined {
  return MQTT_MAPS.find(({ looksLike }) => looksLike.test(topic))?.name;
}

/** The reader of a mounted meter. Throws `ERR_METER_FORMAT` for a map that makes no sense. */
export function mqttReaderOf(
  { mapping, address = '' }: Pick<MeterSettings, 'mapping' | 'address'>,
  zone: string,
): MqttReader {
  const topic = mqttPlace(address)?.topic;
  return mqttReader(mapOf(mapping, topic), { zone, ...(topic === undefined ? {} : { topic }) });
}

function mapOf(mapping: string | MqttMap | undefined, topic: string | undefined): MqttMap {
  if (typeof mapping === 'object') return mapping;
  return MQTT_MAPS.find(({ name }) => name === mapping)?.map(topic ?? '') ?? { rules: [] };
}
