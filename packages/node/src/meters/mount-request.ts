import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import type { AbortOptions, Environment } from '@edmp/interface';
import { bytesToHex, isEdmpError, throwIfAborted } from '@edmp/interface';
import { meterKeys } from '@edmp/oehu-client/sources';
import { NodeError } from '../compose/errors.ts';
import { oehuMeters } from '../compose/oehu.ts';
import type { MountKind, MountRequest } from '../meter-service.ts';
import { isHomeWizardV1, isV2, pairHomeWizard } from './feeds/homewizard.ts';
import { mqttMapOf, mqttPlace, mqttReaderOf } from './feeds/mqtt-address.ts';
import { MQTT_MAP_NAMES } from './mqtt-map.ts';
import { type MeterSettings, meterSettings } from './settings.ts';

/** What {@link settingsFor} needs besides the request. */
export interface RequestParts extends AbortOptions {
  readonly environment: Environment;
  readonly isTaken: (name: string) => boolean;
}

const DEFAULT_NAMES: Readonly<Record<MountKind, string>> = {
  homewizard: 'homewizard',
  'p1-tcp': 'p1',
  'p1-device': 'p1',
  mqtt: 'mqtt',
  oehu: 'oehu',
  url: 'meter',
  folder: 'folder',
  upload: 'files',
};

/**
 * The settings that a request asks for: the kind is found out from the address, a HomeWizard meter of API v2 is paired.
 * Throws `ERR_NODE_CONFIG` for what cannot be mounted, `ERR_NODE_CONFLICT` for a name in use, `ERR_METER_*`.
 */
export async function settingsFor(request: MountRequest, parts: RequestParts): Promise<MeterSettings> {
  const { name } = request;
  if (name !== undefined && parts.isTaken(name))
    throw new NodeError('ERR_NODE_CONFLICT', `There is a meter named ${name}; choose another name`);
  const place = await placeOf(request, parts);
  throwIfAborted(parts.signal);
  const settings = checked({ ...request, ...place, name: name ?? freeName(place.kind, parts.isTaken) });
  if (settings.kind === 'homewizard' && isV2(settings.address ?? '') && settings.token === undefined)
    return pairHomeWizard(settings, parts.signal);
  if (settings.kind === 'homewizard' && isV2(settings.address ?? '') && settings.fingerprint === undefined)
    throw bad(
      'A token is sent to nobody but the meter that it is of: give the fingerprint of its certificate too',
    );
  if (isKeyed(settings.kind) && settings.token !== undefined) meterKeys(settings.token);
  return settings.kind === 'mqtt' ? mqttSettings(settings, parts.environment) : settings;
}

/** Whether the token of a meter is the key of a customer port that encrypts. */
export const isKeyed = (kind: MountKind): boolean => kind.startsWith('p1-') || kind === 'upload';

/** An MQTT meter with its map of topics, which must make sense, and the name that the broker keeps messages under. */
function mqttSettings(settings: MeterSettings, environment: Environment): MeterSettings {
  const topic = mqttPlace(settings.address ?? '')?.topic;
  const mapping = settings.mapping ?? (topic === undefined ? undefined : mqttMapOf(topic));
  if (mapping === undefined)
    throw bad(
      `${topic === undefined ? 'An address without a topic' : `The topic ${shown(topic)}`} does not tell what its messages hold: name a mapping (${MQTT_MAP_NAMES.join(', ')}, or one of your own)`,
    );
  if (typeof mapping === 'string' && topic === undefined)
    throw bad(`With the mapping ${mapping} the address names the topic: mqtt://HOST/TOPIC`);
  if (settings.password !== undefined && settings.user === undefined)
    throw bad('A password needs the name of its user');
  const mapped = { ...settings, mapping, client: `edmp${bytesToHex(environment.randomBytes(8))}` };
  try {
    mqttReaderOf(mapped, settings.zone ?? 'UTC');
  } catch (cause) {
    throw new NodeError('ERR_NODE_CONFIG', (cause as Error).message, { cause });
  }
  return mapped;
}

type Place = Pick<MeterSettings, 'kind' | 'address'>;

async function placeOf(request: MountRequest, parts: RequestParts): Promise<Place> {
  const { address, kind } = request;
  if (address === undefined) {
    if (kind !== undefined && kind !== 'upload') throw bad(`A meter of kind ${kind} needs an address`);
    return { kind: 'upload' };
  }
  if (kind === 'upload') throw bad('A meter that is filled by hand has no address');
  const found = /^[a-z][a-z0-9+.-]*:\/\//i.test(address)
    ? await atUrl(address, kind, parts)
    : await atPath(address, kind);
  if (kind !== undefined && found.kind !== kind)
    throw bad(`${shown(address)} is no address of a meter of kind ${kind}; it would be one of ${found.kind}`);
  return found;
}

async function atUrl(address: string, kind: MountKind | undefined, parts: RequestParts): Promise<Place> {
  const url = URL.parse(address);
  if (url === null || url.hostname === '')
    // What cannot be taken apart may hold a password.
    throw bad(`Expected an address with a host, got ${shown(address.replace(/\/\/.*@/s, '//…@'))}`);
  const { protocol } = url;
  const hasNames = url.username !== '' || url.password !== '';
  if (protocol === 'tcp:') {
    if (url.port === '' || hasNames) throw bad('A P1 port over TCP is tcp://HOST:PORT');
    return { kind: 'p1-tcp', address: `tcp://${url.host}` };
  }
  if (hasNames) throw bad('An address holds no user name or password');
  if (protocol === 'mqtt:' || protocol === 'mqtts:') {
    if (mqttPlace(address) === undefined)
      throw bad(
        'An MQTT broker is mqtt://HOST[:PORT]/TOPIC; write a topic as it is, with + and # for wildcards',
      );
    return { kind: 'mqtt', address };
  }
  if (protocol !== 'http:' && protocol !== 'https:')
    throw bad(`Expected an address that begins with http, https, tcp, mqtt or mqtts, got ${shown(address)}`);
  if (kind === 'oehu') return { kind, address: url.href.replace(/\/$/, '') };
  if (kind === 'homewizard') return { kind, address: url.origin };
  if (kind === 'url') return { kind, address: url.href };
  return atWebAddress(url, parts);
}

/** Finds out what answers at an http address of no declared kind. */
async function atWebAddress(url: URL, { environment, signal }: RequestParts): Promise<Place> {
  if (/^\/api\/(v1\/data|measurement)\/?$/.test(url.pathname))
    return { kind: 'homewizard', address: url.origin };
  if (url.pathname !== '/' || url.search !== '') return { kind: 'url', address: url.href };
  if (url.protocol === 'https:') {
    // API v2 tells nothing before it is paired; whoever has another kind of server names it.
    return { kind: 'homewizard', address: url.origin };
  }
  if (await isHomeWizardV1(url.origin, signal)) return { kind: 'homewizard', address: url.origin };
  try {
    await oehuMeters(url.origin, environment).devices({ signal });
    return { kind: 'oehu', address: url.origin };
  } catch (cause) {
    if (isEdmpError(cause, 'ERR_ABORTED')) throw cause;
    throw new NodeError(
      'ERR_NODE_CONFIG',
      `${url.origin} answers neither like a HomeWizard meter nor like an OEHU API (${(cause as Error).message}); name what it is, or give the whole address of a meter file`,
      { cause },
    );
  }
}

async function atPath(path: string, kind: MountKind | undefined): Promise<Place> {
  if (!isAbsolute(path)) throw bad(`Expected an absolute path, got ${shown(path)}`);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) {
    // A device that is unplugged now may be named all the same.
    if (kind === 'p1-device' || kind === 'folder') return { kind, address: path };
    throw bad(`There is no ${shown(path)}; a device that is not plugged in needs its kind named`);
  }
  if (found.isDirectory()) return { kind: 'folder', address: path };
  if (found.isCharacterDevice() || found.isFIFO()) return { kind: 'p1-device', address: path };
  throw bad(`${shown(path)} is no serial device and no folder; the readings of a file are imported`);
}

function checked(settings: object): MeterSettings {
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  const result = meterSettings.safeParse(given);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw bad(`${issue?.path.join('.') ?? 'meter'}: ${issue?.message ?? 'cannot be used'}`);
}

function freeName(kind: MountKind, isTaken: (name: string) => boolean): string {
  const base = DEFAULT_NAMES[kind];
  for (let n = 2, name = base; ; name = `${base}-${n++}`) if (!isTaken(name)) return name;
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 120));
const bad = (text: string): NodeError => new NodeError('ERR_NODE_CONFIG', text);
