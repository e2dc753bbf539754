import type { Socket } from 'node:net';
import { Duplex, pipeline, type Transform } from 'node:stream';
import { isEdmpError } from '@edmp/interface';
import { MeterError } from '@edmp/oehu-client';
import { minuteThinner } from '@edmp/oehu-client/live';
import type { IPublishPacket, MqttClient } from 'mqtt';
import type { FeedParts, FeedSink, MeterFeed } from '../feed.ts';
import type { MeterSettings } from '../settings.ts';
import { feedBudget, MQTT_LIMITS } from './feed-budget.ts';
import { type MqttPlace, mqttPlace, mqttReaderOf } from './mqtt-address.ts';
import { packetGuard } from './packet-guard.ts';
import { connectPinned } from './pinned-connection.ts';

/** Largest packet that is taken in at all; what is larger than a meter's message is then left out. */
const MAX_PACKET_BYTES = 1 << 20;
/** A broker that cannot be heard for half as long again is gone (MQTT 3.1.1 §3.1.2.10). */
const KEEP_ALIVE_SECONDS = 60;
const CONNECT_MS = 15_000;
/** Messages after which the rest of the node has its turn. */
const AT_A_STRETCH = 64;

const TOO_FAST = `It tells more than ${MQTT_LIMITS.messages.perSecond} messages or ${MQTT_LIMITS.bytes.perSecond >> 10} kB a second; the rest waits at the broker: name a narrower topic`;
const TOO_MUCH = `It tells more minutes than have passed, or more than ${MQTT_LIMITS.registers} registers, which are not kept: a clock that runs wild, or too wide a topic`;

/**
 * A meter behind an MQTT broker: `mqtt(s)://HOST[:PORT][/TOPIC]`. A message is acknowledged once its readings are durable,
 * and the broker keeps for the node what comes while it is away, where messages tell their time. What comes faster than it
 * can be recorded waits at the broker.
 */
export function mqttFeed({ settings, environment, zone }: FeedParts): MeterFeed {
  const { address = '', client: clientId } = settings;
  const place = mqttPlace(address);
  const reader = mqttReaderOf(settings, zone);
  const isKept = clientId !== undefined && reader.topics.every(({ qos }) => qos === 1);
  const budget = feedBudget(environment, MQTT_LIMITS);
  // A message that is too large would be told again and again.
  let isAfresh = false;
  return {
    async run(sink, signal) {
      if (place === undefined)
        throw new MeterError('ERR_METER_FORMAT', 'Expected mqtt://HOST[:PORT][/TOPIC]');
      const wait = { signal, onWait: () => sink.flooded(TOO_FAST) };
      const line = await lineTo(place, settings, {
        signal,
        clean: isAfresh || !isKept,
        pace: (bytes) => budget.takeBytes(bytes, wait),
      });
      isAfresh = false;
      const thinner = minuteThinner();
      let count = 0;
      const take = async ({ topic, payload, retain, dup }: IPublishPacket): Promise<void> => {
        await budget.takeMessage(wait);
        const event = reader.read({
          topic,
          payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
          isRetained: retain,
          isDuplicate: dup,
          receivedAt: environment.now(),
        });
        for (const issue of event.issues.slice(0, 1)) sink.damaged(`${issue.at}: ${issue.message}`);
        if (event.power !== null) sink.power(event.power);
        const kept = thinner.keep(event.readings).filter(({ serial = '', register = '' }) => {
          const may = budget.mayKeep(`${serial} ${register}`);
          if (!may) sink.flooded(TOO_MUCH);
          return may;
        });
        if (event.isHeard) await sink.readings(kept);
        if (++count % AT_A_STRETCH === 0) await new Promise((resolve) => setImmediate(resolve));
      };
      try {
        await follow(line, reader.topics, take, sink, signal);
      } catch (error) {
        if (isEdmpError(error, 'ERR_METER_LIMIT')) isAfresh = true;
        throw error;
      } finally {
        await leave(line.client);
        line.socket.destroy();
      }
    },
    async forget(signal) {
      if (!isKept || place === undefined) return;
      // A connection that begins afresh ends what the broker kept under this name (MQTT 3.1.1 §3.1.2.4).
      const line = await lineTo(place, settings, { signal, clean: true });
      try {
        await greeted(line, signal);
      } finally {
        await leave(line.client);
        line.socket.destroy();
      }
    },
  };
}

/** Resolves when the broker took the connection. */
function greeted({ client, socket, guard }: Line, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new MeterError('ERR_METER_UNREACHABLE', 'The broker did not answer'));
    client.on('connect', () => resolve());
    client.on('error', fail);
    guard.on('error', fail);
    socket.on('close', fail);
    signal.addEventListener('abort', fail, { once: true });
    if (signal.aborted) fail();
  });
}

/** A client of the broker that begins to greet it. Throws `ERR_METER_UNREACHABLE`, `ERR_METER_CERTIFICATE`. */
async function lineTo(
  place: MqttPlace,
  { user, password, fingerprint, client: clientId }: MeterSettings,
  how: {
    readonly signal: AbortSignal;
    readonly clean: boolean;
    readonly pace?: (bytes: number) => Promise<void>;
  },
): Promise<Line> {
  // First, so that no connection waits while it loads.
  const Client = await clientClass();
  const socket = await connectPinned(place, { what: 'broker', fingerprint, signal: how.signal });
  const guard = packetGuard(MAX_PACKET_BYTES, how.pace);
  pipeline(socket, guard, () => undefined);
  const client = new Client(() => Duplex.from({ readable: guard, writable: socket }), {
    protocolVersion: 4,
    clean: how.clean,
    ...(clientId === undefined ? {} : { clientId }),
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    keepalive: KEEP_ALIVE_SECONDS,
    connectTimeout: CONNECT_MS,
    reconnectPeriod: 0,
    queueQoSZero: false,
    log: () => undefined,
  });
  return { client, socket, guard };
}

/**
 * The client alone: the entry of its package also loads WebSockets and proxies, as much again. It is CommonJS, whose
 * exports are the default in Node, while others unpack the default among them.
 */
async function clientClass(): Promise<typeof MqttClient> {
  const { default: loaded } = await import('mqtt/lib/client');
  return 'default' in loaded ? loaded.default : loaded;
}

/** What a broker is heard through. */
interface Line {
  readonly client: MqttClient;
  readonly socket: Socket;
  readonly guard: Transform;
}

/** Subscribes and hands on every message, one after the other, until the connection ends or the signal fires. */
function follow(
  { client, socket, guard }: Line,
  topics: readonly { readonly topic: string; readonly qos: 0 | 1 }[],
  take: (packet: IPublishPacket) => Promise<void>,
  sink: FeedSink,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    let isHeard = false;
    const end = (settle: () => void): void => {
      if (isOver) return;
      isOver = true;
      signal.removeEventListener('abort', stop);
      settle();
    };
    const stop = (): void => end(resolve);
    const fail = (error: unknown): void => end(() => reject(asMeterError(error)));
    client.handleMessage = (packet, done) => {
      // What is not acknowledged is told again.
      if (isOver) return;
      isHeard = true;
      take(packet).then(() => {
        if (!isOver) done();
      }, fail);
    };
    client.on('error', fail);
    guard.on('error', fail);
    socket.on('close', () => fail(new Error('it closed the connection')));
    client.on('connect', () => {
      const wanted = Object.fromEntries(topics.map(({ topic, qos }) => [topic, { qos }] as const));
      client.subscribe(wanted, (error, granted) => {
        if (error !== null) return fail(error);
        const refused = granted?.find(({ qos }) => qos >= 128);
        if (refused !== undefined) return fail(new Error(`it does not let this user read ${refused.topic}`));
        if (!isHeard) sink.waiting('Connected to the broker; nothing that can be read came yet');
      });
    });
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
}

/** Says goodbye, so that the broker does not wait for the silence to be long enough. */
async function leave(client: MqttClient): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, 1_000);
    client.on('error', () => undefined);
    client.end(!client.connected, {}, () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Why a broker sends a client away (MQTT 3.1.1 §3.2.2.3), which a number tells. */
const REFUSALS: Readonly<Record<number, string>> = {
  2: 'it does not accept the name of this client',
  3: 'it is not available now',
  4: 'user name or password are wrong',
  5: 'user name or password are wrong or missing',
};

function asMeterError(error: unknown): MeterError {
  if (error instanceof MeterError) return error;
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  const why = (typeof code === 'number' ? REFUSALS[code] : undefined) ?? String(message);
  return new MeterError('ERR_METER_UNREACHABLE', `The broker cannot be read: ${why}`, {
    cause: error,
    retryable: true,
  });
}
