import type { sell as source } from '../en/sell.ts';
import type { Text } from '../index.ts';

/** See the English ones. */
export const sell: Readonly<Record<keyof typeof source, Text>> = {
  'sell.title': 'Wat wil je verkopen?',
  'sell.lead': 'Er gaat niets van deze computer af voordat je op de laatste knop drukt.',
  'sell.brush': 'Welke dagen',
  'sell.brush.label': 'Gekocht per dag, {from} tot {to}, kWh. Gekozen: {chosen}.',
  'sell.brush.first': 'Vroegste dag op het plaatje',
  'sell.brush.last': 'Laatste dag op het plaatje',
  'sell.brush.days': { one: '{n} dag', other: '{n} dagen' },
  'sell.brush.week': 'Laatste 7 dagen',
  'sell.brush.all': 'Alle vier weken',
  'sell.brush.day': 'Nieuwste dag',
  'sell.brush.quiet': {
    one: '{days} is zo stil dat een koper kan zien dat je weg was, zelfs per dag.',
    other: '{days} zijn zo stil dat een koper kan zien dat je weg was, zelfs per dag.',
  },
  'sell.sees': 'Wie ziet wat',
  'sell.peek': 'Iedereen zal zien: {what}',
  'sell.map': 'Waar',
  'sell.map.label':
    'Een getekend raster, noord is boven. Het gemarkeerde vierkant is alles wat anderen van de plaats horen: {cell}.',
  'sell.map.cell': 'Vak {cell}, ongeveer {km} km breed',
  'sell.map.none': 'Er wordt geen plaats verteld',
  'sell.map.dot': 'Anderen horen het vierkant, niets dichterbij. Je adres staat er niet in.',
};
