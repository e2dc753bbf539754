import type { gantt as source } from '../en/gantt.ts';
import type { Text } from '../index.ts';

/** See the English ones. */
export const gantt: Readonly<Record<keyof typeof source, Text>> = {
  'gantt.title': 'Wie mag mijn data gebruiken, en tot wanneer',
  'gantt.today': 'vandaag',
  'gantt.running': 'Te koop of verkocht, loopt',
  'gantt.soon': 'Eindigt binnenkort',
  'gantt.stopped': 'Gestopt of voorbij',
  'gantt.until': 'tot {when}',
  'gantt.ended': 'geëindigd {when}',
  'gantt.sold': { one: '{n} kopie verkocht', other: '{n} kopieën verkocht' },
};
