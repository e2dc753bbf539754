import type { Commodity, Flow } from '@edmp/interface';

/** How a time is written: ISO 8601 with its offset, wall-clock time without one, seconds or milliseconds of the epoch. */
export type MqttTimeFormat = 'iso' | 'local' | 'epoch-s' | 'epoch-ms';

/** Where in a JSON document something stands: names and indexes joined by dots, or one by one where names hold dots. */
export type MqttPath = string | readonly (string | number)[];

/** When what a message tells was measured. */
export type MqttTime =
  /** The message says so itself. */
  | { readonly from: 'field'; readonly path: MqttPath; readonly format: readonly MqttTimeFormat[] }
  /** A message on another topic said so just before, as DSMR-reader's single values. */
  | { readonly from: 'topic'; readonly topic: string; readonly format: readonly MqttTimeFormat[] }
  /** When it arrived: for meters that tell no time. What the broker kept or repeats is left out then. */
  | { readonly from: 'arrival' };

/** One value of a message. */
export interface MqttValue {
  /** Where it stands in a JSON document; none for a text that is the value alone. */
  readonly path?: MqttPath;
  /** A counter that only grows, or the power of this moment. */
  readonly kind: 'register' | 'power';
  /** What is metered; power is of electricity. Default `electricity`. */
  readonly commodity?: Commodity;
  /** Direction; `net` is power that is negative when given. Default `import`. */
  readonly flow?: Flow | 'net';
  /** Number of the tariff. Default `total`. */
  readonly tariff?: number | 'total';
  /** Unit of a register: `kWh`, `Wh`, `MWh`, `m3`, `l`, `GJ`, `MJ`; of power: `W` or `kW`. */
  readonly unit: string;
  /** A power of ten that the number is multiplied by, 1e-9 to 1e9, e.g. 0.001 for a counter of litres that claims m³. Default 1. */
  readonly scale?: number;
  /** Where a JSON document tells another time for this value alone, e.g. that of a gas meter; written as the others. */
  readonly timePath?: MqttPath;
  /** Name of the register; default the path, or the last level of the topic. */
  readonly register?: string;
}

/** What messages on one topic hold. */
export interface MqttRule {
  /** Topic or filter with `+` and `#`; what a wildcard stands for names the meter. Default the topic of the address. */
  readonly topic?: string;
  /** A JSON document, one number as text, or a whole P1 telegram, which tells everything else itself. */
  readonly payload: 'json' | 'text' | 'telegram';
  /** Not for telegrams. */
  readonly time?: MqttTime;
  /** Not for telegrams; 1 to 32. */
  readonly values?: readonly MqttValue[];
  /** Where a JSON document names its meter. */
  readonly serial?: MqttPath;
}

/** How the messages of an MQTT broker are read. */
export interface MqttMap {
  /** 1 to 64; the first whose topic fits reads a message. */
  readonly rules: readonly MqttRule[];
}

/** Most rules of a map, and most values of a rule: more than the largest meter tells. */
export const MAX_MQTT_RULES = 64;
/** See {@link MAX_MQTT_RULES}. */
export const MAX_MQTT_VALUES = 32;
