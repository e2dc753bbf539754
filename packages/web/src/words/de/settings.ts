import type { settings as source } from '../en/settings.ts';
import type { Text } from '../index.ts';

/** See the English ones. */
export const settings: Readonly<Record<keyof typeof source, Text>> = {
  'settings.title': 'Einstellungen',
  'settings.look': 'Wie es aussieht',
  'settings.language': 'Sprache',
  'settings.theme': 'Helligkeit',
  'settings.theme.system': 'Wie das System',
  'settings.theme.light': 'Tag',
  'settings.theme.dark': 'Nacht',
  'settings.kept': 'In diesem Browser gesichert.',
  'settings.you': 'Wer du hier bist',
  'settings.you.text':
    'Dein Schlüssel ist für alle dein Name. Er wurde auf diesem Computer gemacht und bleibt im Datenordner des Knotens.',
  'settings.you.copy':
    'Bewahre eine Kopie des Datenordners auf, wo sie niemand sonst liest: ohne ihn sind dein Geld und deine Geschichte hier weg. Kopiere ihn, wenn der Knoten steht.',
  'settings.key': 'Schlüssel',
  'settings.practice': 'Übungsnachbar',
  'settings.practice.on': 'Da und bereit, mit Testgeld zu handeln.',
  'settings.practice.off': 'Nicht da.',
  'settings.practice.start': 'Lass ihn herein',
  'settings.practice.stop': 'Schick ihn weg',
  'settings.names': 'Namen, die du gabst',
  'settings.names.none': 'Noch keine. Drücke auf ein Bild mit Namen, um einen anderen zu geben.',
  'network.title': 'Netz',
  'network.text': {
    one: '{n} Nachbar ist mit diesem Knoten verbunden.',
    other: '{n} Nachbarn sind mit diesem Knoten verbunden.',
  },
  'network.peers': 'Wer verbunden ist',
  'network.none': 'Noch niemand',
  'network.none.text':
    'Starte den Knoten mit --connect und der Adresse eines anderen, oder lass den Übungsnachbarn herein.',
  'network.direct': 'direkt',
  'network.relay': 'über {name}',
  'network.latency': '{ms} ms',
  'network.since': 'seit {when}',
  'network.this': 'Dieser Knoten',
  'network.name': 'Name',
  'network.addresses': 'Adressen',
  'network.noAddress': 'keine: er ruft nur selbst an',
  'network.role': 'Führt Aufträge für andere zusammen',
  'network.yes': 'Ja',
  'network.no': 'Nein',
  'network.witness': 'Zeuge unter',
  'network.version': 'Version',
  'network.communities': 'Gemeinschaften',
  'network.communities.none': 'Dieser Knoten ist in keiner.',
  'network.pending': 'seine Zeugen zählen ab dem nächsten Start',
};
