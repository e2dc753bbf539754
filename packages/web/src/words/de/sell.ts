import type { sell as source } from '../en/sell.ts';
import type { Text } from '../index.ts';

/** See the English ones. */
export const sell: Readonly<Record<keyof typeof source, Text>> = {
  'sell.title': 'Was willst du verkaufen?',
  'sell.lead': 'Nichts verlässt diesen Computer, bevor du den letzten Knopf drückst.',
  'sell.brush': 'Welche Tage',
  'sell.brush.label': 'Bezogen je Tag, {from} bis {to}, kWh. Gewählt: {chosen}.',
  'sell.brush.first': 'Frühester Tag auf dem Bild',
  'sell.brush.last': 'Spätester Tag auf dem Bild',
  'sell.brush.days': { one: '{n} Tag', other: '{n} Tage' },
  'sell.brush.week': 'Letzte 7 Tage',
  'sell.brush.all': 'Alle vier Wochen',
  'sell.brush.day': 'Neuester Tag',
  'sell.brush.quiet': {
    one: '{days} ist so still, dass ein Käufer sieht, dass du weg warst, sogar je Tag.',
    other: '{days} sind so still, dass ein Käufer sieht, dass du weg warst, sogar je Tag.',
  },
  'sell.sees': 'Wer sieht was',
  'sell.peek': 'Alle werden sehen: {what}',
  'sell.map': 'Wo',
  'sell.map.label':
    'Ein gezeichnetes Gitter, Norden ist oben. Das markierte Quadrat ist alles, was andere vom Ort erfahren: {cell}.',
  'sell.map.cell': 'Feld {cell}, etwa {km} km breit',
  'sell.map.none': 'Kein Ort wird gesagt',
  'sell.map.dot': 'Andere erfahren das Quadrat, nichts Näheres. Deine Adresse steht nicht darin.',
};
