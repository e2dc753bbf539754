import type { Flow } from '@edmp/interface';
import { MeterError } from '../../errors.ts';
import { type SourceUnit, sourceUnit } from '../../sources/units.ts';
import {
  MAX_MQTT_RULES,
  MAX_MQTT_VALUES,
  type MqttMap,
  type MqttRule,
  type MqttTime,
  type MqttValue,
} from './map.ts';
import { pathSteps, pathText } from './path.ts';
import { isTopicFilter } from './topic.ts';

type Steps = readonly (string | number)[];

/** A value of a rule, made ready. */
export type PlannedValue = {
  readonly steps: Steps | undefined;
  readonly timeSteps: Steps | undefined;
  /** Undefined: the last level of the topic. */
  readonly register: string | undefined;
} & (
  | { readonly kind: 'power'; readonly flow: Flow | 'net'; readonly watts: number }
  | {
      readonly kind: 'register';
      readonly commodity: NonNullable<MqttValue['commodity']>;
      readonly flow: Flow;
      readonly tariff: number | 'total';
      readonly unit: SourceUnit;
    }
);

/** A rule, checked and made ready. */
export interface PlannedRule {
  readonly topic: string;
  readonly payload: MqttRule['payload'];
  readonly time: (MqttTime & { readonly steps: Steps | undefined }) | undefined;
  readonly values: readonly PlannedValue[];
  readonly serial: Steps | undefined;
}

/** Watts of a unit of power. */
const POWER: ReadonlyMap<string, number> = new Map([
  ['w', 1],
  ['kw', 1000],
]);
const FITTING = { uKWh: ['electricity'], uM3: ['gas', 'water'], uGJ: ['heat'] } as const;
const MAX_POWER_OF_TEN = 9;

/** Checks a map. Throws `ERR_METER_FORMAT`, which names the rule and what is wrong with it. */
export function planOf(map: MqttMap, topic: string | undefined): readonly PlannedRule[] {
  const { rules } = map;
  if (rules.length === 0 || rules.length > MAX_MQTT_RULES)
    throw bad(`Expected 1 to ${MAX_MQTT_RULES} rules, got ${rules.length}`);
  return rules.map((rule, i) => plannedRule(rule, topic, `rules[${i}]`));
}

function plannedRule(rule: MqttRule, addressed: string | undefined, at: string): PlannedRule {
  const { payload, time, values = [], serial } = rule;
  const topic = rule.topic ?? addressed;
  if (topic === undefined || !isTopicFilter(topic))
    throw bad(`${at}: expected a topic such as zigbee2mqtt/plug, in the address or in the rule`);
  if (payload === 'telegram') {
    if (time !== undefined || values.length > 0 || serial !== undefined)
      throw bad(`${at}: a telegram tells its time, values and meter itself`);
    return { topic, payload, time: undefined, values: [], serial: undefined };
  }
  if (time === undefined) throw bad(`${at}: say where the time comes from`);
  if (values.length === 0 || values.length > MAX_MQTT_VALUES)
    throw bad(`${at}: expected 1 to ${MAX_MQTT_VALUES} values, got ${values.length}`);
  const isJson = payload === 'json';
  if (!isJson && (values.length > 1 || serial !== undefined || time.from === 'field'))
    throw bad(`${at}: a text is one value, without a time and without the name of a meter`);
  if (time.from !== 'arrival' && time.format.length === 0) throw bad(`${at}: say how the time is written`);
  if (time.from === 'topic' && (!isTopicFilter(time.topic) || /[+#]/.test(time.topic)))
    throw bad(`${at}: the topic of the time has no wildcards`);
  return {
    topic,
    payload,
    time: { ...time, steps: time.from === 'field' ? stepsOf(time.path, at) : undefined },
    values: values.map((value, n) => plannedValue(value, isJson, time, `${at}.values[${n}]`)),
    serial: serial === undefined ? undefined : stepsOf(serial, at),
  };
}

function plannedValue(value: MqttValue, isJson: boolean, time: MqttTime, at: string): PlannedValue {
  const { path, kind, commodity = 'electricity', flow = 'import', tariff = 'total', timePath } = value;
  if (isJson !== (path !== undefined))
    throw bad(isJson ? `${at}: say at which path the value stands` : `${at}: a text has no path`);
  if (timePath !== undefined && time.from !== 'field')
    throw bad(`${at}: a time for this value alone needs one for the others`);
  const common = {
    steps: path === undefined ? undefined : stepsOf(path, at),
    timeSteps: timePath === undefined ? undefined : stepsOf(timePath, at),
    register: value.register ?? (path === undefined ? undefined : pathText(path)),
  };
  const power = powerOfTen(value.scale ?? 1, at);
  if (kind === 'power') {
    const watts = POWER.get(value.unit.toLowerCase());
    if (watts === undefined || commodity !== 'electricity')
      throw bad(
        `${at}: power is of electricity, in W or kW, not in ${JSON.stringify(value.unit.slice(0, 16))}`,
      );
    return { ...common, kind, flow, watts: watts * 10 ** power };
  }
  const unit = sourceUnit(value.unit);
  if (unit === undefined || !(FITTING[unit.unit] as readonly string[]).includes(commodity))
    throw bad(`${at}: ${commodity} is not counted in ${JSON.stringify(value.unit.slice(0, 16))}`);
  if (flow === 'net') throw bad(`${at}: a register counts import or export; only power is net`);
  return { ...common, kind, commodity, flow, tariff, unit: { unit: unit.unit, power: unit.power + power } };
}

function stepsOf(path: string | Steps, at: string): Steps {
  const steps = pathSteps(path);
  if (steps === undefined) throw bad(`${at}: expected a path such as ENERGY.Total`);
  return steps;
}

function powerOfTen(scale: number, at: string): number {
  for (let power = -MAX_POWER_OF_TEN; power <= MAX_POWER_OF_TEN; power++)
    if (Number(`1e${power}`) === scale) return power;
  throw bad(`${at}: a scale is a power of ten from 1e-9 to 1e9, for a value stays exact only then`);
}

const bad = (text: string): MeterError =>
  new MeterError('ERR_METER_FORMAT', `The map of the topics: ${text}`);
