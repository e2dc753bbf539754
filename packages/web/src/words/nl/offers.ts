import type { offers as source } from '../en/offers.ts';
import type { Text } from '../index.ts';

/** See the English ones. */
export const offers: Readonly<Record<keyof typeof source, Text>> = {
  'offers.what': 'Je aanbod',
  'offers.text':
    'Wat anderen nu van je kunnen kopen. Een aanbod stoppen beëindigt de toestemming erachter niet.',
  'offers.none': 'Je biedt nu niets aan',
  'offers.none.text': 'Wat je te koop zet, staat hier tot het verkocht, gestopt of voorbij is.',
};
