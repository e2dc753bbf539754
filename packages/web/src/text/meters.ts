import {
  type CurveView,
  type FoundMeter,
  intervalStarts,
  type LiveView,
  localTime,
  type MountView,
  type MQTT_MAPPINGS,
} from '@edmp/node/client';
import { t } from '../words/index.ts';

/** What a meter is doing, in a word or two, and how good that is. */
export function mountState(mount: MountView): {
  readonly tone: 'good' | 'busy' | 'bad' | 'plain';
  readonly word: string;
} {
  if (mount.state === 'lost') return { tone: 'bad', word: 'Not reached' };
  if (mount.silentSince !== null) return { tone: 'bad', word: 'Silent' };
  if (mount.state === 'connecting') return { tone: 'busy', word: 'Connecting' };
  if (mount.state === 'idle') return { tone: 'plain', word: 'Filled by hand' };
  return { tone: 'good', word: 'Live' };
}

/** What is said of a meter that has no reading yet: whether one comes by itself. */
export function nothingYet({ kind, state }: Pick<MountView, 'kind' | 'state'>): string {
  if (kind === 'upload') return 'No readings yet. Add a file of readings.';
  if (kind === 'folder') return 'No readings yet. They come with the first file in the folder.';
  return state === 'lost' ? 'No readings yet.' : 'No readings yet. The first usually comes within a minute.';
}

const KINDS: Readonly<Record<MountView['kind'], string>> = {
  homewizard: 'HomeWizard meter',
  'p1-tcp': 'P1 port on the network',
  'p1-device': 'P1 cable',
  mqtt: 'Meter behind MQTT',
  oehu: 'OEHU meter server',
  url: 'Meter file on the web',
  folder: 'Folder of meter files',
  upload: 'Meter files',
};

/** What a meter is read through. */
export const mountKindName = (kind: MountView['kind']): string => KINDS[kind];

const MQTT_MAPS: Readonly<Record<(typeof MQTT_MAPPINGS)[number], string>> = {
  'dsmr-reader': 'DSMR-reader, a topic for each value (dsmr/reading/+)',
  'dsmr-json': 'DSMR-reader, all values at once (dsmr/json)',
  'p1-telegram': 'whole P1 telegrams (dsmr/raw)',
  zigbee2mqtt: 'a plug or meter of Zigbee2MQTT (zigbee2mqtt/NAME)',
  tasmota: 'a plug or meter with Tasmota (tele/NAME/SENSOR)',
};

/** What the messages of a broker hold. */
export const mqttMapName = (name: (typeof MQTT_MAPPINGS)[number]): string => MQTT_MAPS[name];

const FOUND_HINTS: Readonly<Record<FoundMeter['hint'], string>> = {
  ready: 'can be read at once',
  button: 'press its button when asked',
  'api-off': 'switch its local API on first, in the HomeWizard Energy app (settings, meters)',
  topic: 'a broker; you name the topic of your meter',
  socket: 'a plug: it meters what runs through it, not your home',
  battery: 'a battery, not your home',
};

/** What a found meter needs before it can be read. */
export const foundHint = (hint: FoundMeter['hint']): string => FOUND_HINTS[hint];

/** Power for people: watts below a kilowatt, and which way it flows. */
export function powerWords(live: LiveView): {
  readonly number: string;
  readonly unit: string;
  readonly way: string;
  readonly isExport: boolean;
} {
  const net = (live.importW ?? 0) - (live.exportW ?? 0);
  const watts = Math.abs(net);
  const isExport = net < 0;
  const way = isExport ? t('home.toGrid') : t('home.fromGrid');
  return watts < 1_000
    ? { number: String(watts), unit: 'W', way, isExport }
    : { number: (watts / 1_000).toFixed(2), unit: 'kW', way, isExport };
}

/** How long ago something was, by the node's clock, in the largest unit that says something. */
export function ago(at: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - at) / 1_000));
  if (seconds < 60) return 'just now';
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}\u00a0min ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours}\u00a0h ago`;
  return `${Math.floor(hours / 24)}\u00a0days ago`;
}

/** Most stretches that are told one by one. */
const MAX_GAPS = 4;

/**
 * The stretches of a day that have no readings, each as `08:15–09:00`, up to `now` (ms since the epoch): what is to
 * come is not missing. Undefined when there is none.
 */
export function gapWords(curve: CurveView, now: number): string | undefined {
  const starts = intervalStarts(curve.start, curve.step, curve.zone, curve.values.length + 1);
  const local = localTime(curve.zone);
  const clock = (at: number): string => local(at).slice(11, 16);
  const gaps: string[] = [];
  for (let i = 0; i < curve.values.length; i++) {
    const first = i;
    while (i < curve.values.length && curve.values[i] === null && (starts[i + 1] ?? 0) <= now) i++;
    if (i > first) gaps.push(`${clock(starts[first] ?? 0)}–${clock(starts[i] ?? 0)}`);
  }
  if (gaps.length === 0) return undefined;
  const shown = gaps.slice(0, MAX_GAPS).join(', ');
  const rest = gaps.length - MAX_GAPS;
  return `No readings ${shown}${rest > 0 ? ` and in ${rest} more stretches` : ''}. A gap stays a gap.`;
}
