/** Which side of a trade this node is on. */
export type TradeRole = 'buyer' | 'seller';

/** States of a buyer's trade, in the order of one that goes well; the ends last. */
export const BUYER_STATES = [
  'proposing',
  'fetching',
  'signing',
  'certifying',
  'held',
  'opening',
  'complaining',
  'completed',
  'returned',
  'lost',
  'failed',
] as const;

/** States of a seller's trade, in the order of one that goes well; the ends last. */
export const SELLER_STATES = [
  'offered',
  'releasing',
  'acknowledged',
  'waiting',
  'undecided',
  'completed',
  'lost',
  'failed',
] as const;

/** A state of a trade; the table `TRADE_TRANSITIONS` says what leads from one to the next. */
export type TradeState = (typeof BUYER_STATES)[number] | (typeof SELLER_STATES)[number];

/** Every state once. */
export const TRADE_STATES: readonly TradeState[] = [
  ...new Set<TradeState>([...BUYER_STATES, ...SELLER_STATES]),
];

/** What each state means, one sentence for people. */
export const TRADE_STATE_TEXT: Readonly<Record<TradeState, string>> = {
  proposing: 'The terms are with the seller; nothing is held.',
  fetching: 'The seller agreed; the sealed data is being fetched and checked, and nothing is held yet.',
  signing: 'The sealed data is complete; the payment is being signed.',
  certifying: 'The payment is signed and waits for the notaries of its currency.',
  held: 'The money is held; the seller has until the release deadline to give the key.',
  opening: 'The key is here; the data is being opened and checked.',
  complaining: 'The data is not what was promised; the witnesses are being shown the proof.',
  offered: 'Offered to this buyer until the accept deadline; nothing is reserved.',
  releasing: 'The buyer’s money is held and the licence is taken; the key goes to the witnesses first.',
  acknowledged: 'The witnesses have acknowledged the key; it is being handed to the buyer.',
  waiting: 'The buyer has the key; its receipt, or the end of the complaint window, pays.',
  undecided: 'The windows are over; the witnesses are asked what becomes of the money.',
  completed: 'The data was delivered and is paid.',
  returned: 'The deal did not take place; the money that was held came back.',
  lost: 'The deal went wrong for this side: what it gave is gone without its return.',
  failed: 'The deal ended before this side gave anything.',
};

const FINISHED: ReadonlySet<TradeState> = new Set<TradeState>(['completed', 'returned', 'lost', 'failed']);
/** States in which a seller's licence is taken by a hold. */
const TAKEN: ReadonlySet<TradeState> = new Set<TradeState>([
  'releasing',
  'acknowledged',
  'waiting',
  'undecided',
  'completed',
]);

/** Whether a trade has ended. */
export function isFinished(state: TradeState): boolean {
  return FINISHED.has(state);
}

/**
 * Whether a trade in `state` takes quantity from this node's own order: of an ask from the hold on, until the money
 * went back; of a bid from the first message on, and for good once money was held (DESIGN §4.3: what comes back is
 * given back to the ask only).
 */
export function takesQuantity(role: TradeRole, state: TradeState): boolean {
  return role === 'seller' ? TAKEN.has(state) : state !== 'failed';
}
