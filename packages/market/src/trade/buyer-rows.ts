import type { TradeSituation } from './situation.ts';
import type { TradeTransition } from './transition.ts';

type Row = Omit<TradeTransition, 'role'>;

const always = (): boolean => true;
const cameBack = (s: TradeSituation): boolean => s.outcome === 'none' || s.outcome === 'refund';
const released = (s: TradeSituation): boolean => s.now > s.deadlines.release;
/** The complaint window is over, for the witnesses too. */
const decided = (s: TradeSituation): boolean => s.now > s.deadlines.complain + s.roundsMs;
/** Without witnesses the held money is the buyer's again once the complaint window is over without a receipt. */
const unwitnessedEnd = (s: TradeSituation): boolean => !s.witnessed && s.now > s.deadlines.complain;

const NO_KEY = 'no key came by the release deadline; the money came back';

/** Rows that both states have in which the hold may be signed already: first what this node's own chain says. */
function unsignedRows(
  from: TradeTransition['from'],
  texts: { readonly unsure: string; readonly late: string },
): readonly Row[] {
  return [
    { from, when: texts.unsure, test: (s) => s.unsure, action: 'look', to: from },
    {
      from,
      when: 'the hold is on the own chain',
      test: (s) => s.hold,
      action: 'note',
      to: 'certifying',
    },
    {
      from,
      when: 'the accept deadline has passed',
      test: (s) => s.now > s.deadlines.accept,
      action: 'end',
      to: 'failed',
      code: 'ERR_TRADE_LATE',
      reason: texts.late,
    },
  ];
}

/** The end of a trade without witnesses whose window is over: the held money is the buyer's again. */
function unwitnessedRow(from: TradeTransition['from'], why: Pick<TradeTransition, 'code' | 'reason'>): Row {
  return {
    from,
    when: 'no witnesses, and the complaint window is over',
    test: unwitnessedEnd,
    action: 'end',
    to: 'returned',
    ...why,
  };
}

/** The buyer's half of the table. */
const rows: readonly Row[] = [
  {
    from: 'proposing',
    when: 'the seller has made its offer',
    test: (s) => s.offer,
    action: 'note',
    to: 'fetching',
  },
  {
    from: 'proposing',
    when: 'the accept deadline has passed',
    test: (s) => s.now > s.deadlines.accept,
    action: 'end',
    to: 'failed',
    code: 'ERR_TRADE_SILENT',
    reason: 'the seller did not answer by the accept deadline',
  },
  { from: 'proposing', when: 'otherwise', test: always, action: 'propose', to: 'fetching' },
  ...unsignedRows('fetching', {
    unsure: 'after a restart',
    late: 'the sealed data could not be fetched and checked by the accept deadline; nothing was held',
  }),
  {
    from: 'fetching',
    when: 'all ciphertext is here and fits the offer',
    test: (s) => s.received,
    action: 'note',
    to: 'signing',
  },
  { from: 'fetching', when: 'otherwise', test: always, action: 'fetch', to: 'signing' },
  ...unsignedRows('signing', {
    unsure: 'signing was tried, and it is not known whether it worked',
    late: 'the payment could not be signed by the accept deadline; nothing was held',
  }),
  { from: 'signing', when: 'otherwise', test: always, action: 'sign', to: 'certifying' },
  {
    from: 'certifying',
    when: 'the hold is certified, or needs no certificate',
    test: (s) => s.certified,
    action: 'note',
    to: 'held',
  },
  { from: 'certifying', when: 'otherwise', test: always, action: 'certify', to: 'held' },
  {
    from: 'held',
    when: 'no release came in time, say the witnesses',
    test: (s) => s.outcome === 'none',
    action: 'end',
    to: 'returned',
    code: 'ERR_TRADE_WITHDRAWN',
    reason: NO_KEY,
  },
  {
    from: 'held',
    when: 'the witnesses gave the money back: the seller released twice',
    test: (s) => s.outcome === 'refund',
    action: 'end',
    to: 'returned',
    code: 'ERR_TRADE_COMPLAINT',
    reason: 'the seller was shown to cheat; the money came back',
  },
  {
    from: 'held',
    when: 'the release and its opener are here',
    test: (s) => s.release,
    action: 'note',
    to: 'opening',
  },
  unwitnessedRow('held', { code: 'ERR_TRADE_WITHDRAWN', reason: NO_KEY }),
  {
    from: 'held',
    when: 'the release deadline has passed',
    test: (s) => s.witnessed && released(s),
    action: 'ask',
    to: 'held',
  },
  {
    from: 'held',
    when: 'the seller did not say no',
    test: (s) => !s.declined,
    action: 'show',
    to: 'opening',
  },
  {
    from: 'opening',
    when: 'the own receipt is signed',
    test: (s) => s.receipt,
    action: 'end',
    to: 'completed',
  },
  {
    from: 'opening',
    when: 'the data is open, but nothing is signed with a proven cheat',
    test: (s) => s.unreceipted,
    action: 'end',
    to: 'completed',
  },
  {
    from: 'opening',
    when: 'the money came back',
    test: cameBack,
    action: 'end',
    to: 'returned',
    code: 'ERR_TRADE_WITHDRAWN',
    reason: 'the witnesses gave the money back before the data was opened',
  },
  {
    from: 'opening',
    when: 'the data is not what was promised',
    test: (s) => s.proof,
    action: 'note',
    to: 'complaining',
  },
  { from: 'opening', when: 'otherwise', test: always, action: 'open', to: 'completed' },
  {
    from: 'complaining',
    when: 'the money came back',
    test: cameBack,
    action: 'end',
    to: 'returned',
    code: 'ERR_TRADE_COMPLAINT',
    reason: 'the delivery was not what was promised; the money came back',
  },
  {
    from: 'complaining',
    when: 'the witnesses paid the seller',
    test: (s) => s.outcome === 'paid',
    action: 'end',
    to: 'lost',
    code: 'ERR_TRADE_LOST',
    reason: 'the delivery was not what was promised, and the proof did not reach the witnesses in time',
  },
  unwitnessedRow('complaining', {
    code: 'ERR_TRADE_COMPLAINT',
    reason: 'the delivery was not what was promised; the money came back',
  }),
  {
    from: 'complaining',
    when: 'the complaint window is over, or the complaint was found unfounded',
    test: (s) => s.witnessed && (s.unfounded || decided(s)),
    action: 'ask',
    to: 'complaining',
  },
  {
    from: 'complaining',
    when: 'there are witnesses',
    test: (s) => s.witnessed,
    action: 'complain',
    to: 'complaining',
  },
];

/** The buyer's half of the state table. */
export const BUYER_ROWS: readonly TradeTransition[] = rows.map((row) => ({ role: 'buyer', ...row }));
