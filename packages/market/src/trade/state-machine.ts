import type { MarketErrorCode } from '../errors.ts';
import type { TradeOutcome } from '../ledger/trade-outcome.ts';
import type { TradeDeadlines, TradeState } from '../market.ts';
import type { TradeRole } from './record.ts';

/** Everything that decides what a trade does next: its state, the blocks known, the ledger's verdict and the time. */
export interface TradeSituation {
  readonly role: TradeRole;
  readonly state: TradeState;
  readonly now: number;
  readonly deadlines: TradeDeadlines;
  /** Which blocks of the trade are known. */
  readonly proposal: boolean;
  readonly refused: boolean;
  readonly agreement: boolean;
  readonly release: boolean;
  readonly receipt: boolean;
  readonly complaint: boolean;
  readonly withdrawal: boolean;
  readonly outcome: TradeOutcome;
}

/** What a node does in a step besides changing state. */
export type TradeAction =
  /** Only note what the chain says. */
  | 'note'
  /** Seal the data and sign the trade proposal. */
  | 'propose'
  /** Fetch the manifest and all ciphertext, check it, then sign the agreement: the money is held. */
  | 'agree'
  /** Sign the release with the wrapped key. */
  | 'release'
  /** Open the data; sign the receipt, or the complaint when it is not what was promised. */
  | 'open'
  /** Take the held money back. */
  | 'withdraw'
  /** End the trade with an error. */
  | 'fail';

/** One row of the state table. */
export interface TradeTransition {
  readonly role: TradeRole;
  readonly from: TradeState;
  /** The condition, in words. */
  readonly when: string;
  readonly test: (situation: TradeSituation) => boolean;
  readonly action: TradeAction;
  /** Next state; for actions, the one after the action has worked. */
  readonly to: TradeState;
  readonly code?: MarketErrorCode;
  readonly reason?: string;
}

const past = (which: keyof TradeDeadlines) => (s: TradeSituation) => s.now > s.deadlines[which];
const always = (): boolean => true;
const returned = (s: TradeSituation): boolean => s.outcome === 'withdrawn';

/** The trade protocol as a table (DESIGN §4.3): of the rows for a role and state, the first that holds is taken. */
export const TRADE_TRANSITIONS: readonly TradeTransition[] = [
  // Seller
  {
    role: 'seller',
    from: 'accepted',
    when: 'own trade proposal is on the chain',
    test: (s) => s.proposal,
    action: 'note',
    to: 'proposed',
  },
  {
    role: 'seller',
    from: 'accepted',
    when: 'the deliver deadline has passed',
    test: past('deliver'),
    action: 'fail',
    to: 'failed',
    code: 'ERR_TRADE_LOCAL',
    reason: 'the data could not be sealed and offered by the deliver deadline',
  },
  { role: 'seller', from: 'accepted', when: 'otherwise', test: always, action: 'propose', to: 'proposed' },
  {
    role: 'seller',
    from: 'proposed',
    when: 'the buyer has agreed',
    test: (s) => s.agreement,
    action: 'note',
    to: 'agreed',
  },
  {
    role: 'seller',
    from: 'proposed',
    when: 'the buyer has refused',
    test: (s) => s.refused,
    action: 'fail',
    to: 'failed',
    code: 'ERR_TRADE_REFUSED',
    reason: 'the buyer refused the delivery',
  },
  {
    role: 'seller',
    from: 'proposed',
    when: 'the accept deadline has passed',
    test: past('accept'),
    action: 'fail',
    to: 'failed',
    code: 'ERR_TRADE_SILENT',
    reason: 'the buyer did not agree by the accept deadline',
  },
  {
    role: 'seller',
    from: 'agreed',
    when: 'own release is on the chain',
    test: (s) => s.release,
    action: 'note',
    to: 'released',
  },
  {
    role: 'seller',
    from: 'agreed',
    when: 'the agreement does not count: the buyer is a proven cheat',
    test: (s) => s.outcome === 'void',
    action: 'fail',
    to: 'failed',
    code: 'ERR_RISK_FRAUD',
    reason: 'fraud by the buyer is proven; its agreement holds no money',
  },
  {
    role: 'seller',
    from: 'agreed',
    when: 'the release deadline has passed',
    test: past('release'),
    action: 'fail',
    to: 'failed',
    code: 'ERR_TRADE_LOCAL',
    reason: 'the key could not be released by the release deadline',
  },
  { role: 'seller', from: 'agreed', when: 'otherwise', test: always, action: 'release', to: 'released' },
  {
    role: 'seller',
    from: 'released',
    when: 'the payment is final: receipt, or silence after the complaint window',
    test: (s) => s.outcome === 'final',
    action: 'note',
    to: 'completed',
  },
  {
    role: 'seller',
    from: 'released',
    when: 'a founded complaint returned the money',
    test: (s) => s.outcome === 'complained',
    action: 'fail',
    to: 'failed',
    code: 'ERR_TRADE_COMPLAINT',
    reason: 'the buyer proved that the delivery is not what was promised',
  },
  {
    role: 'seller',
    from: 'released',
    when: 'the buyer withdrew and no witness saw the release in time',
    test: returned,
    action: 'fail',
    to: 'failed',
    code: 'ERR_TRADE_WITHDRAWN',
    reason: 'the buyer took its money back and no agreed witness saw the key release in time',
  },
  {
    role: 'seller',
    from: 'released',
    when: 'fraud by the buyer was proven',
    test: (s) => s.outcome === 'void',
    action: 'fail',
    to: 'failed',
    code: 'ERR_RISK_FRAUD',
    reason: 'fraud by the buyer is proven; its agreement holds no money',
  },
  // Buyer
  {
    role: 'buyer',
    from: 'accepted',
    when: "the seller's trade proposal is known",
    test: (s) => s.proposal,
    action: 'note',
    to: 'proposed',
  },
  {
    role: 'buyer',
    from: 'accepted',
    when: 'the deliver deadline has passed',
    test: past('deliver'),
    action: 'fail',
    to: 'failed',
    code: 'ERR_TRADE_SILENT',
    reason: 'the seller made no trade proposal by the deliver deadline',
  },
  {
    role: 'buyer',
    from: 'proposed',
    when: 'own agreement is on the chain',
    test: (s) => s.agreement,
    action: 'note',
    to: 'agreed',
  },
  {
    role: 'buyer',
    from: 'proposed',
    when: 'own refusal is on the chain',
    test: (s) => s.refused,
    action: 'fail',
    to: 'failed',
    code: 'ERR_TRADE_DELIVERY',
    reason: 'the delivery does not match the offer',
  },
  {
    role: 'buyer',
    from: 'proposed',
    when: 'the accept deadline has passed',
    test: past('accept'),
    action: 'fail',
    to: 'failed',
    code: 'ERR_TRADE_SILENT',
    reason: 'the ciphertext could not be fetched by the accept deadline',
  },
  { role: 'buyer', from: 'proposed', when: 'otherwise', test: always, action: 'agree', to: 'agreed' },
  {
    role: 'buyer',
    from: 'agreed',
    when: "the seller's release is known",
    test: (s) => s.release,
    action: 'note',
    to: 'released',
  },
  {
    role: 'buyer',
    from: 'agreed',
    when: 'own withdrawal is on the chain',
    test: (s) => s.withdrawal,
    action: 'fail',
    to: 'failed',
    code: 'ERR_TRADE_WITHDRAWN',
    reason: 'no key came by the release deadline; the money was taken back',
  },
  {
    role: 'buyer',
    from: 'agreed',
    when: 'the release deadline has passed',
    test: past('release'),
    action: 'withdraw',
    to: 'failed',
    code: 'ERR_TRADE_WITHDRAWN',
    reason: 'no key came by the release deadline; the money was taken back',
  },
  {
    role: 'buyer',
    from: 'released',
    when: 'own receipt is on the chain',
    test: (s) => s.receipt,
    action: 'note',
    to: 'completed',
  },
  {
    role: 'buyer',
    from: 'released',
    when: 'own complaint is on the chain',
    test: (s) => s.complaint,
    action: 'note',
    to: 'complained',
  },
  {
    role: 'buyer',
    from: 'released',
    when: 'the complaint window has passed in silence: the payment is final',
    test: (s) => s.now > s.deadlines.complain && s.outcome === 'final',
    action: 'note',
    to: 'completed',
  },
  { role: 'buyer', from: 'released', when: 'otherwise', test: always, action: 'open', to: 'completed' },
  {
    role: 'buyer',
    from: 'complained',
    when: 'the complaint is founded: the money is back',
    test: (s) => s.outcome === 'complained',
    action: 'fail',
    to: 'failed',
    code: 'ERR_TRADE_COMPLAINT',
    reason: 'the delivery is not what was promised; the money came back',
  },
  {
    role: 'buyer',
    from: 'complained',
    when: 'the complaint is unfounded and the payment final',
    test: (s) => s.outcome === 'final',
    action: 'note',
    to: 'completed',
  },
];

/** The row that applies, or undefined when there is nothing to do but wait. */
export function nextTransition(situation: TradeSituation): TradeTransition | undefined {
  return TRADE_TRANSITIONS.find(
    (row) => row.role === situation.role && row.from === situation.state && row.test(situation),
  );
}

/** When a state's deadline comes, ms; undefined for states that wait for nothing. */
export function stateDeadline(state: TradeState, deadlines: TradeDeadlines): number | undefined {
  switch (state) {
    case 'negotiating':
    case 'accepted':
      return deadlines.deliver;
    case 'proposed':
      return deadlines.accept;
    case 'agreed':
      return deadlines.release;
    case 'released':
    case 'complained':
      return deadlines.complain;
    default:
      return undefined;
  }
}

/** The table as text, one row a line. */
export function formatTransitions(): string {
  const rows = TRADE_TRANSITIONS.map((row) => [row.role, row.from, row.when, row.action, row.to]);
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
