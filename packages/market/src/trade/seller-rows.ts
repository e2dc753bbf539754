import type { TradeSituation } from './situation.ts';
import type { TradeTransition } from './transition.ts';

type Row = Omit<TradeTransition, 'role'>;

const always = (): boolean => true;
const cameBack = (s: TradeSituation): boolean => s.outcome === 'none' || s.outcome === 'refund';
/** Too late for a release to reach the witnesses for sure (DESIGN §4.4.4). */
const tooLate = (s: TradeSituation): boolean => s.now > s.deadlines.release - s.marginMs;
const windowOver = (s: TradeSituation): boolean => s.now > s.deadlines.complain + s.roundsMs;

/** Rows that every state after the release has: what the hold's outcome says ends the trade. */
function outcomeRows(from: TradeTransition['from']): readonly Row[] {
  return [
    {
      from,
      // A receipt for a release that no quorum took pays nobody: the release block is public before the key is.
      when: 'the buyer’s receipt is here, for a release that was acknowledged',
      test: (s) => (s.receipt && (s.acks || !s.witnessed)) || s.outcome === 'receipt',
      action: 'end',
      to: 'completed',
    },
    {
      from,
      when: 'the witnesses paid',
      test: (s) => s.outcome === 'paid',
      action: 'end',
      to: 'completed',
    },
    {
      from,
      when: 'a founded complaint gave the money back',
      test: (s) => s.outcome === 'refund',
      action: 'end',
      to: 'lost',
      code: 'ERR_TRADE_COMPLAINT',
      reason: 'the witnesses found the buyer’s complaint founded; the money went back',
    },
    {
      from,
      when: 'the money went back for want of a release in time',
      test: (s) => s.outcome === 'none' || s.outcome === 'unwitnessed',
      action: 'end',
      to: 'lost',
      code: 'ERR_TRADE_LOST',
      reason: 'the witnesses did not see the release in time, and the money went back',
    },
  ];
}

/** The seller's half of the table. A trade begins when its offer is signed; before that nothing is kept. */
const rows: readonly Row[] = [
  {
    from: 'offered',
    when: 'a hold took the licence',
    test: (s) => s.hold,
    action: 'note',
    to: 'releasing',
  },
  {
    from: 'offered',
    when: 'a hold would come too late',
    test: tooLate,
    action: 'end',
    to: 'failed',
    code: 'ERR_TRADE_SILENT',
    reason: 'the buyer made no payment in time; nothing was reserved',
  },
  {
    from: 'releasing',
    when: 'the money went back before a release was signed',
    test: (s) => cameBack(s) && !s.release && !s.unsure,
    action: 'end',
    to: 'failed',
    code: 'ERR_TRADE_WITHDRAWN',
    reason: 'the buyer’s money went back before the key was given',
  },
  ...outcomeRows('releasing'),
  {
    from: 'releasing',
    when: 'a quorum acknowledged the release',
    test: (s) => s.release && s.acks,
    action: 'note',
    to: 'acknowledged',
  },
  {
    from: 'releasing',
    when: 'there are no witnesses',
    test: (s) => s.release && !s.witnessed,
    action: 'note',
    to: 'acknowledged',
  },
  {
    from: 'releasing',
    when: 'no key was written down, and it is too late for one',
    test: (s) => !s.draft && tooLate(s),
    action: 'end',
    to: 'failed',
    code: 'ERR_TRADE_LATE',
    reason: 'the key could not be given in time; the buyer’s money goes back by itself',
  },
  {
    from: 'releasing',
    when: 'the release is not signed',
    test: (s) => !s.release,
    action: 'release',
    to: 'releasing',
  },
  {
    from: 'releasing',
    when: 'the release deadline has passed',
    test: (s) => s.now > s.deadlines.release + s.roundsMs,
    action: 'note',
    to: 'undecided',
  },
  { from: 'releasing', when: 'otherwise', test: always, action: 'acknowledge', to: 'acknowledged' },
  ...outcomeRows('acknowledged'),
  {
    from: 'acknowledged',
    when: 'the buyer has the key, or waits for it in a request',
    test: (s) => s.handed,
    action: 'note',
    to: 'waiting',
  },
  {
    from: 'acknowledged',
    when: 'the complaint window is over',
    test: (s) => s.witnessed && windowOver(s),
    action: 'note',
    to: 'undecided',
  },
  {
    from: 'acknowledged',
    when: 'no witnesses, and the complaint window is over',
    test: (s) => !s.witnessed && windowOver(s),
    action: 'end',
    to: 'failed',
    code: 'ERR_TRADE_SILENT',
    reason: 'the buyer could not be reached, and its money goes back; the key was not handed over',
  },
  { from: 'acknowledged', when: 'otherwise', test: always, action: 'hand', to: 'waiting' },
  ...outcomeRows('waiting'),
  {
    from: 'waiting',
    when: 'the complaint window is over',
    test: (s) => s.witnessed && windowOver(s),
    action: 'note',
    to: 'undecided',
  },
  {
    from: 'waiting',
    when: 'no witnesses, and no receipt came in the complaint window',
    test: (s) => !s.witnessed && s.now > s.deadlines.complain + s.marginMs,
    action: 'end',
    to: 'lost',
    code: 'ERR_TRADE_LOST',
    reason: 'there are no witnesses, and the buyer signed no receipt: its money goes back',
  },
  ...outcomeRows('undecided'),
  { from: 'undecided', when: 'otherwise', test: always, action: 'ask', to: 'undecided' },
];

/** The seller's half of the state table. */
export const SELLER_ROWS: readonly TradeTransition[] = rows.map((row) => ({ role: 'seller', ...row }));
