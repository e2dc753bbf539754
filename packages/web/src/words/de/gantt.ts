import type { gantt as source } from '../en/gantt.ts';
import type { Text } from '../index.ts';

/** See the English ones. */
export const gantt: Readonly<Record<keyof typeof source, Text>> = {
  'gantt.title': 'Wer meine Daten nutzen darf, und bis wann',
  'gantt.today': 'heute',
  'gantt.running': 'Angeboten oder verkauft, läuft',
  'gantt.soon': 'Endet bald',
  'gantt.stopped': 'Beendet oder vorbei',
  'gantt.until': 'bis {when}',
  'gantt.ended': 'beendet {when}',
  'gantt.sold': { one: '{n} Kopie verkauft', other: '{n} Kopien verkauft' },
};
