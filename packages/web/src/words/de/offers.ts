import type { offers as source } from '../en/offers.ts';
import type { Text } from '../index.ts';

/** See the English ones. */
export const offers: Readonly<Record<keyof typeof source, Text>> = {
  'offers.what': 'Deine Angebote',
  'offers.text':
    'Was andere jetzt von dir kaufen können. Ein Angebot zu beenden, beendet nicht die Einwilligung dahinter.',
  'offers.none': 'Du bietest jetzt nichts an',
  'offers.none.text': 'Was du anbietest, steht hier, bis es verkauft, beendet oder vorbei ist.',
};
