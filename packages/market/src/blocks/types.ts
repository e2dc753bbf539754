/** A payment outside any trade: a proposal to the payee that needs no answer. */
export const TRANSFER_TYPE = 'market/transfer';
/** A block to oneself that claims incomes and refunds and pays nobody. */
export const CLAIM_TYPE = 'market/claim';
/** Proposal by the seller, and the buyer's agreement: the hold (DESIGN §4.3 steps 1 and 2). */
export const TRADE_TYPE = 'market/trade';
/** Proposal by the seller with the locked key, and the buyer's receipt (steps 3 and 4). */
export const RELEASE_TYPE = 'market/release';
