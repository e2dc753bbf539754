import type { MountKind } from '../meter-service.ts';
import type { FeedParts, MeterFeed } from './feed.ts';
import { folderFeed } from './feeds/folder.ts';
import { homewizard } from './feeds/homewizard.ts';
import { mqttFeed } from './feeds/mqtt.ts';
import { p1Device } from './feeds/p1-device.ts';
import { p1Tcp } from './feeds/p1-tcp.ts';
import { urlFeed } from './feeds/url.ts';

/** How one kind of source is read. */
interface FeedKind {
  /** What it is, for people. */
  readonly title: string;
  /** Minutes without a reading after which the owner is told, unless told otherwise; undefined: never. */
  readonly silentMinutes: number | undefined;
  open(parts: FeedParts): MeterFeed;
}

/** The sources that run by themselves; a new one is one file and one row. */
export const METER_FEEDS: Readonly<Partial<Record<MountKind, FeedKind>>> = {
  homewizard: { title: 'HomeWizard meter', silentMinutes: 10, open: homewizard },
  'p1-tcp': { title: 'P1 port over TCP', silentMinutes: 10, open: p1Tcp },
  'p1-device': { title: 'P1 port on a serial device', silentMinutes: 10, open: p1Device },
  mqtt: { title: 'meter behind an MQTT broker', silentMinutes: 15, open: mqttFeed },
  url: { title: 'meter file behind an address', silentMinutes: undefined, open: urlFeed },
  folder: { title: 'folder of meter files', silentMinutes: undefined, open: folderFeed },
};
