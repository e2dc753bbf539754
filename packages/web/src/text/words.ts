import type { AttestationLevel, Commodity, Descriptor, Flow, IntervalStep } from '@edmp/interface';
import { COMMODITIES, FLOWS, INTERVAL_STEPS } from '@edmp/interface/dataset';

const STEP_WORDS: Readonly<Record<IntervalStep, readonly [name: string, reveals: string]>> = {
  PT1M: [
    'minute',
    'Single appliances can be recognised: kettle, oven, washing machine. Choose this only if you are sure.',
  ],
  PT5M: ['5 minutes', 'Large appliances can be recognised, and when people are at home.'],
  PT15M: ['15 minutes', 'When people get up, leave, come home, cook and sleep.'],
  PT30M: ['30 minutes', 'The rhythm of the day: waking, absence, evening.'],
  PT1H: [
    'hour',
    'The rhythm of the day, and whether anybody was at home. Of people it tells about as much as 15 minutes do.',
  ],
  P1D: ['day', 'Little: days of absence, cold days.'],
};

/** Steps to choose from, finest first, with what each lets a reader guess about a household. */
export const STEPS: readonly {
  readonly step: IntervalStep;
  readonly name: string;
  readonly reveals: string;
}[] = INTERVAL_STEPS.map((step) => ({ step, name: STEP_WORDS[step][0], reveals: STEP_WORDS[step][1] }));

/** What follows “every”: `hour` for `PT1H`. */
export function stepName(step: string): string {
  return STEPS.find((known) => known.step === step)?.name ?? step;
}

const COMMODITY_WORDS: Readonly<Record<Commodity, string>> = {
  electricity: 'Electricity',
  gas: 'Gas',
  water: 'Water',
  heat: 'Heat',
};

/** Commodities to choose from, with their names. */
export const COMMODITY_CHOICES: readonly { readonly commodity: Commodity; readonly name: string }[] =
  COMMODITIES.map((commodity) => ({ commodity, name: COMMODITY_WORDS[commodity] }));

/** Whether two words are a commodity and a direction. */
export function isKind(kind: readonly string[]): kind is readonly [Commodity, Flow] {
  const [commodity, flow] = kind;
  return (
    kind.length === 2 &&
    COMMODITIES.some((known) => known === commodity) &&
    FLOWS.some((known) => known === flow)
  );
}

/** E.g. `Electricity used`, `Electricity fed into the grid`. */
export function kindName(commodity: Commodity, flow: Flow): string {
  return `${COMMODITY_WORDS[commodity]} ${flow === 'import' ? 'used' : 'fed into the grid'}`;
}

const ATTESTATION: Readonly<Record<AttestationLevel, readonly [name: string, meaning: string]>> = {
  unsigned: ['Not signed', "Only the seller's word: the readings carry no signature."],
  intact: ['Unaltered', 'Every record still matches its own id. Nobody signed for it.'],
  signed: [
    'Signed',
    "Every record carries a valid signature, as checked by the seller's node. It shows which key signed, not that the meter measured right.",
  ],
  linked: [
    'Signed and linked',
    'Signed records that each name the one before, so that none was slipped in or taken out. As checked by the seller.',
  ],
  anchored: ['Anchored', 'Signed, linked, and found again on the public ledger, as checked by the seller.'],
};

/** Name and meaning of an attestation level. */
export function attestation(level: string): { readonly name: string; readonly meaning: string } {
  const [name, meaning] = ATTESTATION[level as AttestationLevel] ?? [level, ''];
  return { name, meaning };
}

/** Ways to tell the place. */
export const ACCURACIES = [
  { accuracy: 'hidden', name: 'Do not tell' },
  { accuracy: 'region', name: 'Region' },
  { accuracy: 'town', name: 'Town' },
  { accuracy: 'street', name: 'Neighbourhood' },
] as const;

/** Kind of household and range of occupants, e.g. `House, 3-4 people`. */
export function householdName(household: Descriptor['household']): string {
  if (household === null) return 'Not told';
  const kind = household.kind === 'other' ? 'Other building' : household.kind;
  const people =
    household.occupants === null
      ? ''
      : household.occupants === '1'
        ? ', 1 person'
        : `, ${household.occupants} people`;
  return kind.charAt(0).toUpperCase() + kind.slice(1) + people;
}

/** Purposes to choose from. */
export const PURPOSES = [
  { id: 'research', name: 'Research' },
  { id: 'grid-planning', name: 'Planning of the grid' },
  { id: 'energy-advice', name: 'Energy advice' },
  { id: 'forecasting', name: 'Forecasts of demand' },
  { id: 'product-development', name: 'Development of products' },
] as const;

/** Name of a purpose, own texts as they are. */
export function purposeName(id: string): string {
  return PURPOSES.find((purpose) => purpose.id === id)?.name ?? id;
}

type Role = 'seller' | 'buyer';

const RUNGS: Readonly<
  Record<string, readonly [title: (who: (role: Role) => string) => string, meaning: string]>
> = {
  'trade-proposal': [
    (who) => `Locked data sent by ${who('seller')}`,
    'Encrypted for this deal alone. The seller signs for the terms and for exactly this content.',
  ],
  'trade-agreement': [
    (who) => `Checked by ${who('buyer')}, money set aside`,
    'All of it is there and fits the offer. The money is held: not spent, and not free either.',
  ],
  'release-proposal': [
    (who) => `Key handed over by ${who('seller')}`,
    'Shown to the witnesses first, and locked so that only this buyer can open it.',
  ],
  complaint: [
    (who) => `Complaint by ${who('buyer')}`,
    'The key does not open what was promised. A proven complaint returns the money.',
  ],
  'release-agreement': [
    (who) => `Data opened by ${who('buyer')}, payment final`,
    'Payment and licence are final, with both signatures.',
  ],
};

/** Title and meaning of a step of a deal for a reader in `role`; a step without words of its own is shown by its name. */
export function rung(name: string, role: Role): { readonly title: string; readonly meaning: string } {
  const known = RUNGS[name];
  if (known !== undefined) {
    const [title, meaning] = known;
    return { title: title((party) => (party === role ? 'you' : `the ${party}`)), meaning };
  }
  const plain = name.replaceAll(/[-_/]+/g, ' ');
  return { title: plain.charAt(0).toUpperCase() + plain.slice(1), meaning: '' };
}

const BLOCKS: Readonly<Record<string, string>> = {
  'market/ask': 'Offer to sell',
  'market/bid': 'Bid to buy',
  'market/cancel': 'Order cancelled',
  'market/trade': 'Deal: locked data and held money',
  'market/release': 'Deal: key and receipt',
  'market/currency': 'Currency opened',
  'market/transfer': 'Payment',
  'market/claim': 'Money taken in',
  'market/payment': 'Payment outside the market',
};

/** What a block of a type says. */
export function blockName(type: string): string {
  return BLOCKS[type] ?? type;
}
