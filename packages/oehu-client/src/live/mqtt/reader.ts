import { isEdmpError } from '@edmp/interface';
import { boundedMap } from '@edmp/interface/bounded';
import { isJsonObject, type Json, parseMeterJson } from '../../oehu/json.ts';
import { parseTelegram } from '../../sources/formats/p1/telegram.ts';
import type { SourceIssue } from '../../sources/issues.ts';
import { jsonAmount } from '../../sources/json-amount.ts';
import type { AnyReading } from '../../sources/meter-file.ts';
import { registerOf } from '../../sources/readings.ts';
import { type LivePower, powerOfTelegram } from '../power.ts';
import type { MqttMap } from './map.ts';
import { atPath } from './path.ts';
import { type PlannedRule, type PlannedValue, planOf } from './plan.ts';
import { type Arrival, type ToldTime, toldTime } from './time.ts';
import { topicFit } from './topic.ts';

/** A message as a broker hands it on. */
export interface MqttMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** The broker kept it: nobody knows how old it is. */
  readonly isRetained: boolean;
  /** It may have been told before. */
  readonly isDuplicate: boolean;
  /** Ms since the epoch. */
  readonly receivedAt: number;
}

/** What a message told. */
export interface MqttEvent {
  /** Whether it is of this meter and could be read. */
  readonly isHeard: boolean;
  readonly readings: readonly AnyReading[];
  /** Null when it told none. */
  readonly power: LivePower | null;
  readonly issues: readonly SourceIssue[];
}

/** Reads the messages of one meter. */
export interface MqttReader {
  /**
   * Filters to subscribe to, each once. With quality of service 1 a broker keeps for later what was missed, which is of
   * use only where a message tells its time.
   */
  readonly topics: readonly { readonly topic: string; readonly qos: 0 | 1 }[];
  /** Reads one message; anything may be given. Never throws: what cannot be read is an issue, never a value. */
  read(message: MqttMessage): MqttEvent;
}

/** Options of {@link mqttReader}. */
export interface MqttReaderOptions {
  /** Topic or filter of rules that name none. */
  readonly topic?: string;
  /** IANA zone of wall-clock times. */
  readonly zone: string;
}

/** Most bytes of a message: twice the longest telegram. */
export const MAX_MQTT_PAYLOAD = 65_536;
/** Meters behind the wildcards of one filter; more are no household's. */
const MAX_SERIALS = 64;
/** A value belongs to the time that was told on another topic so shortly before it. */
const TOGETHER_MS = 2_000;
const MAX_AMOUNT = 1e9;
const MAX_WATTS = 10_000_000;
const MAX_NAME = 128;

/** A reader by a map of topics. Throws `ERR_METER_FORMAT` for a map that makes no sense, `ERR_METER_TIME` for an unknown zone. */
export function mqttReader(map: MqttMap, options: MqttReaderOptions): MqttReader {
  return new MappedReader(planOf(map, options.topic), options.zone);
}

/** A time that a topic told for the values that follow. */
interface TimeTopic {
  readonly told: ToldTime;
  readonly receivedAt: number;
  /** A second value on one topic is of a later moment, whose time was lost on the way. */
  readonly given: Set<string>;
}

type Issue = (code: SourceIssue['code'], at: string, message: string) => void;

class MappedReader implements MqttReader {
  readonly topics: MqttReader['topics'];
  readonly #rules: readonly PlannedRule[];
  readonly #zone: string;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  /** By topic: the last time that was told there, when that came, and the topics whose values were given it. */
  readonly #times: Map<string, TimeTopic | undefined>;
  readonly #serials = new Set<string>();
  readonly #powers = boundedMap<string, LivePower>({ max: MAX_SERIALS });

  constructor(rules: readonly PlannedRule[], zone: string) {
    this.#rules = rules;
    this.#zone = zone;
    const topics = new Map<string, 0 | 1>();
    this.#times = new Map();
    for (const { topic, time } of rules) {
      const qos = time?.from === 'arrival' ? 0 : 1;
      topics.set(topic, qos === 1 ? 1 : (topics.get(topic) ?? 0));
      if (time?.from !== 'topic') continue;
      topics.set(time.topic, 1);
      this.#times.set(time.topic, undefined);
    }
    this.topics = [...topics].map(([topic, qos]) => ({ topic, qos }));
  }

  read(message: MqttMessage): MqttEvent {
    const issues: SourceIssue[] = [];
    const issue: Issue = (code, at, text) => issues.push({ code, at: at.slice(0, MAX_NAME), message: text });
    const nothing = { isHeard: false, readings: [], power: null, issues };
    const { topic, payload } = message;
    // An empty message takes back one that the broker kept.
    if (payload.length === 0) return nothing;
    if (payload.length > MAX_MQTT_PAYLOAD) {
      issue('unreadable', topic, `A message of a meter has at most ${MAX_MQTT_PAYLOAD} bytes`);
      return nothing;
    }
    const isTime = this.#times.has(topic);
    if (isTime) this.#takeTime(message);
    for (const rule of this.#rules) {
      const fit = topicFit(rule.topic, topic);
      if (fit === undefined) continue;
      try {
        if (rule.payload === 'telegram') return this.#telegram(message, issues, issue);
        return this.#values(rule, fit, message, issues, issue);
      } catch (error) {
        issue('unreadable', topic, isEdmpError(error) ? error.message : 'The message is no text');
        return nothing;
      }
    }
    return nothing;
  }

  #takeTime({ topic, payload, isRetained, receivedAt }: MqttMessage): void {
    const rule = this.#rules.find(({ time }) => time?.from === 'topic' && time.topic === topic);
    if (rule?.time?.from !== 'topic') return;
    // Beside which values a kept time was told nobody knows.
    if (isRetained) return;
    let text: string;
    try {
      text = this.#decoder.decode(payload).trim();
    } catch {
      text = '';
    }
    const told = toldTime(text, rule.time.format, this.#zone, { at: receivedAt, isRetained });
    this.#times.set(topic, { told, receivedAt, given: new Set() });
  }

  #telegram(
    { payload, isRetained, receivedAt }: MqttMessage,
    issues: SourceIssue[],
    issue: Issue,
  ): MqttEvent {
    const telegram = parseTelegram(payload, { zone: this.#zone, receivedAt });
    issues.push(...telegram.issues);
    const isStale = isRetained && telegram.at === null;
    if (isStale)
      issue('no-time', '$', 'The broker kept this telegram, which tells no time; the next one is read');
    if (telegram.at !== null && telegram.at > receivedAt + 600_000) {
      issue('clock', '0-0:1.0.0', 'The time is ahead of this computer’s clock: one of the two is wrong');
      return { isHeard: false, readings: [], power: null, issues };
    }
    return {
      isHeard: !isStale,
      readings: isStale ? [] : telegram.readings,
      power: isRetained ? null : powerOfTelegram(telegram),
      issues,
    };
  }

  #values(
    rule: PlannedRule,
    fit: string,
    message: MqttMessage,
    issues: SourceIssue[],
    issue: Issue,
  ): MqttEvent {
    const text = this.#decoder.decode(message.payload);
    const json = rule.payload === 'json' ? parseMeterJson(text) : text.trim();
    const nothing = { isHeard: false, readings: [], power: null, issues };
    if (rule.payload === 'json' && !isJsonObject(json)) {
      issue('unreadable', message.topic, 'Expected a JSON object');
      return nothing;
    }
    const serial = serialOf(rule, json, fit);
    const arrival = { at: message.receivedAt, isRetained: message.isRetained };
    const time = this.#timeOf(rule, json, message);
    const readings: AnyReading[] = [];
    let power = message.isRetained ? null : (this.#powers.get(serial ?? '') ?? null);
    let hasPower = false;
    let wantsTime = false;
    for (const value of rule.values) {
      const told = value.steps === undefined ? json : atPath(json, value.steps);
      if (told === undefined || told === null) continue;
      if (value.kind === 'power') {
        if (message.isRetained) continue;
        power = withPower(power, value, told);
        hasPower = true;
        continue;
      }
      const at = value.timeSteps === undefined ? time : this.#ownTime(rule, value.timeSteps, json, arrival);
      // A gas meter that has told nothing yet has neither.
      if (at === undefined) continue;
      wantsTime = true;
      if (!('at' in at)) {
        issue(at.code, message.topic, at.message);
        continue;
      }
      const reading = readingOf(value, told, at.at, serial, message.topic);
      if (reading === undefined)
        issue(
          'bad-value',
          message.topic,
          `Expected a number of ${value.unit.unit.slice(1)} that is not negative`,
        );
      else readings.push(reading);
    }
    // A lamp behind the same wildcard tells no value, and takes no meter's place.
    if ((readings.length > 0 || hasPower) && !this.#hasRoom(serial, issue)) return nothing;
    if (hasPower && power !== null) this.#powers.set(serial ?? '', power);
    const isHeard = readings.length > 0 || (hasPower && !wantsTime);
    return { isHeard, readings, power: hasPower ? power : null, issues };
  }

  /** Whether a meter is known or may become so; tells when it is one too many. */
  #hasRoom(serial: string | undefined, issue: Issue): boolean {
    if (serial === undefined || this.#serials.has(serial)) return true;
    if (serial.length > MAX_NAME || this.#serials.size >= MAX_SERIALS) {
      issue('skipped', '$', `More than ${MAX_SERIALS} meters, or a name longer than ${MAX_NAME} characters`);
      return false;
    }
    this.#serials.add(serial);
    return true;
  }

  #timeOf({ time }: PlannedRule, json: Json, message: MqttMessage): ToldTime {
    const { topic, receivedAt, isRetained, isDuplicate } = message;
    if (time?.from === 'field') {
      const told = atPath(json, time.steps ?? []);
      if (told === undefined || told === null) return NO_TIME_TOLD;
      return toldTime(told, time.format, this.#zone, { at: receivedAt, isRetained });
    }
    if (time?.from === 'topic') {
      const before = this.#times.get(time.topic);
      const isNear = before !== undefined && Math.abs(receivedAt - before.receivedAt) <= TOGETHER_MS;
      if (isRetained || !isNear || before.given.has(topic)) return NOT_TOGETHER;
      before.given.add(topic);
      return before.told;
    }
    if (isRetained || isDuplicate)
      return {
        code: 'bad-time',
        message: 'The broker kept or repeated this message, and it tells no time; the next one is read',
      };
    return { at: receivedAt };
  }

  /** The time of one value alone; undefined when none is told. */
  #ownTime(
    { time }: PlannedRule,
    steps: readonly (string | number)[],
    json: Json,
    arrival: Arrival,
  ): ToldTime | undefined {
    const told = atPath(json, steps);
    if (told === undefined || told === null || time?.from !== 'field') return undefined;
    return toldTime(told, time.format, this.#zone, arrival);
  }
}

/** Undefined where nothing names the meter. */
function serialOf({ serial }: PlannedRule, json: Json, fit: string): string | undefined {
  const told = serial === undefined ? undefined : atPath(json, serial);
  const name = typeof told === 'string' || typeof told === 'number' ? String(told) : fit;
  return name === '' ? undefined : name;
}

const NO_TIME_TOLD: ToldTime = {
  code: 'bad-time',
  message: 'The message tells no time; in Zigbee2MQTT set advanced.last_seen to ISO_8601',
};
const NOT_TOGETHER: ToldTime = {
  code: 'bad-time',
  message: 'No time was told just before this value; the time must be published first',
};

type Register = Extract<PlannedValue, { readonly kind: 'register' }>;

function readingOf(
  value: Register,
  told: Json,
  at: number,
  serial: string | undefined,
  topic: string,
): AnyReading | undefined {
  const amount = jsonAmount(told, value.unit.power);
  if (amount === undefined || amount > MAX_AMOUNT * 1_000_000) return undefined;
  return registerOf({
    commodity: value.commodity,
    flow: value.flow,
    tariff: value.tariff,
    at,
    value: amount,
    unit: value.unit.unit,
    register: value.register ?? topic.slice(topic.lastIndexOf('/') + 1).slice(0, MAX_NAME),
    serial,
  });
}

type Power = Extract<PlannedValue, { readonly kind: 'power' }>;

/** The power with one value told anew; what is no number tells nothing. */
function withPower(before: LivePower | null, { flow, watts }: Power, told: Json): LivePower | null {
  const number = typeof told === 'string' && /^-?\d{1,9}(?:\.\d{1,9})?$/.test(told) ? Number(told) : told;
  if (typeof number !== 'number') return before;
  const power = Math.round(number * watts);
  if (!(Math.abs(power) <= MAX_WATTS)) return before;
  if (flow === 'net') return { importW: Math.max(0, power), exportW: Math.max(0, -power) };
  if (power < 0) return before;
  const { importW, exportW } = before ?? { importW: null, exportW: null };
  return flow === 'import' ? { importW: power, exportW } : { importW, exportW: power };
}
