import * as z from 'zod';

/** One of EDMP's calls of 2019, with the keys and errors that its documentation names. */
export interface CompatOperation {
  readonly method: 'get' | 'put' | 'post';
  /** Path with `{name}` for parameters. */
  readonly path: string;
  readonly summary: string;
  /** Fields of the body, as a form or as JSON; undefined where none is sent. */
  readonly body: z.ZodType | undefined;
  readonly response: z.ZodType;
  /** Refusals of its own: status and what it says. */
  readonly errors: readonly (readonly [status: number, text: string])[];
  /** Media type of the answer. Default `application/json`. */
  readonly type?: string;
}

const amount = z
  .union([z.int(), z.string()])
  .meta({ description: 'Minor units: a number, or decimal text where a number would lose digits' });
const pair = z.object({
  first: z.object({ amount, type: z.string() }),
  second: z.object({ amount, type: z.string() }),
});
const tick = z.object({
  trader_id: z.string(),
  order_number: z.int(),
  assets: pair,
  timeout: z.int().meta({ description: 'Life, seconds' }),
  timestamp: z.int().meta({ description: 'Milliseconds since the Unix epoch' }),
  traded: amount,
  block_hash: z.string(),
});
const side = z.array(z.object({ asset1: z.string(), asset2: z.string(), ticks: z.array(tick) }));
const placed = tick.omit({ traded: true, block_hash: true });
const order = placed.extend({
  reserved_quantity: amount,
  traded: amount,
  completed_timestamp: z.int().nullable(),
  is_ask: z.boolean(),
  cancelled: z.boolean(),
  status: z.string(),
});
const transaction = z.object({
  trader_id: z.string(),
  order_number: z.int().nullable(),
  partner_trader_id: z.string(),
  partner_order_number: z.int().nullable(),
  transaction_id: z.string(),
  transaction_number: z.int(),
  assets: pair,
  transferred: pair,
  timestamp: z.int(),
  payment_complete: z.boolean(),
  status: z.enum(['pending', 'completed', 'error']),
});
const payment = z.object({
  trader_id: z.string(),
  transaction_id: z.string(),
  transaction_number: z.int(),
  transferred: z.object({ amount, type: z.string() }),
  payment_id: z.string(),
  address_from: z.string(),
  address_to: z.string(),
  timestamp: z.int(),
  success: z.boolean(),
});
const balance = z.object({
  available: amount,
  pending: amount,
  earned: amount,
  currency: z.string(),
  precision: z.int(),
});
const movement = z.object({
  id: z.string(),
  outgoing: z.boolean(),
  from: z.string(),
  to: z.string(),
  amount,
  fee_amount: z.int(),
  currency: z.string(),
  timestamp: z.int(),
  description: z.string(),
  status: z.string(),
});

const digits = z.union([z.int().min(1), z.string().regex(/^[1-9]\d{0,18}$/)]);
const orderFields = z.object({
  first_asset_amount: digits.meta({ description: 'Money for all licences, minor units' }),
  first_asset_type: z.string().meta({ description: 'A currency', examples: ['DUM1'] }),
  second_asset_amount: digits.meta({ description: 'Licences; 1 for a bid' }),
  second_asset_type: z.string().meta({ description: 'EW and the id of a dataset' }),
  timeout: digits.optional().meta({ description: 'Life, seconds; default 3 600, at most 86 400' }),
});

const ORDER_ERRORS = [
  [400, 'asset amount parameter missing'],
  [400, 'asset type parameter missing'],
] as const;
const NO_WALLET = [404, 'this wallet does not exist'] as const;
const NO_TRANSACTION = [404, 'transaction not found'] as const;

/** Names of the calls. */
export type CompatName =
  | 'asks'
  | 'placeAsk'
  | 'bids'
  | 'placeBid'
  | 'orders'
  | 'cancelOrder'
  | 'transactions'
  | 'payments'
  | 'paymentsById'
  | 'matchmakers'
  | 'state'
  | 'events'
  | 'wallets'
  | 'createWallet'
  | 'balance'
  | 'walletTransactions'
  | 'transfer';

/** Every call of EDMP's REST interface, as its report and sources document them. */
export const compatOperations: Readonly<Record<CompatName, CompatOperation>> = {
  asks: {
    method: 'get',
    path: '/market/asks',
    summary: 'Open asks by pair (Figure 6)',
    body: undefined,
    response: z.object({ asks: side }),
    errors: [],
  },
  placeAsk: {
    method: 'put',
    path: '/market/asks',
    summary: 'Ask money for a dataset that this node holds (Figure 5)',
    body: orderFields,
    response: placed,
    errors: ORDER_ERRORS,
  },
  bids: {
    method: 'get',
    path: '/market/bids',
    summary: 'Open bids by pair',
    body: undefined,
    response: z.object({ bids: side }),
    errors: [],
  },
  placeBid: {
    method: 'put',
    path: '/market/bids',
    summary: "Bid for anybody's dataset (Figure 7)",
    body: orderFields,
    response: placed,
    errors: ORDER_ERRORS,
  },
  orders: {
    method: 'get',
    path: '/market/orders',
    summary: "This node's orders",
    body: undefined,
    response: z.object({ orders: z.array(order) }),
    errors: [],
  },
  cancelOrder: {
    method: 'post',
    path: '/market/orders/{number}/cancel',
    summary: 'Cancel an order by its number',
    body: undefined,
    response: z.object({ cancelled: z.literal(true) }),
    errors: [
      [404, 'order not found'],
      [400, 'only open and unverified orders can be cancelled'],
    ],
  },
  transactions: {
    method: 'get',
    path: '/market/transactions',
    summary: "This node's trades (Figure 8)",
    body: undefined,
    response: z.object({ transactions: z.array(transaction) }),
    errors: [],
  },
  payments: {
    method: 'get',
    path: '/market/transactions/{trader}/{number}/payments',
    summary: 'Payments of a trade, by trader and number',
    body: undefined,
    response: z.object({ payments: z.array(payment) }),
    errors: [NO_TRANSACTION],
  },
  paymentsById: {
    method: 'get',
    path: '/market/transactions/{id}/payments',
    summary: 'Payments of a trade, by its id',
    body: undefined,
    response: z.object({ payments: z.array(payment) }),
    errors: [NO_TRANSACTION],
  },
  matchmakers: {
    method: 'get',
    path: '/market/matchmakers',
    summary: 'Connected matchmakers whose address is known',
    body: undefined,
    response: z.object({ matchmakers: z.array(z.object({ ip: z.string(), port: z.int() })) }),
    errors: [],
  },
  state: {
    method: 'get',
    path: '/state',
    summary: 'Version of this interface',
    body: undefined,
    response: z.object({ version: z.number() }),
    errors: [],
  },
  events: {
    method: 'get',
    path: '/events',
    summary: 'What happens, one JSON object a line: `{"type", "event"}`',
    body: undefined,
    response: z.string(),
    errors: [[429, 'too many streams are open']],
    type: 'application/x-ndjson',
  },
  wallets: {
    method: 'get',
    path: '/wallets',
    summary: 'Wallets by their id',
    body: undefined,
    response: z.object({
      wallets: z.record(
        z.string(),
        z.object({
          created: z.boolean(),
          unlocked: z.boolean(),
          address: z.string(),
          name: z.string(),
          precision: z.int(),
          min_unit: amount,
          balance,
        }),
      ),
    }),
    errors: [],
  },
  createWallet: {
    method: 'put',
    path: '/wallets/{id}',
    summary: 'Make a wallet: every wallet of a node is made with it',
    body: undefined,
    response: z.object({ created: z.literal(true) }),
    errors: [[400, 'this wallet already exists'], NO_WALLET],
  },
  balance: {
    method: 'get',
    path: '/wallets/{id}/balance',
    summary: 'Balance of a wallet',
    body: undefined,
    response: z.object({ balance }),
    errors: [NO_WALLET],
  },
  walletTransactions: {
    method: 'get',
    path: '/wallets/{id}/transactions',
    summary: 'Movements of a wallet, oldest first',
    body: undefined,
    response: z.object({ transactions: z.array(movement) }),
    errors: [NO_WALLET],
  },
  transfer: {
    method: 'post',
    path: '/wallets/{id}/transfer',
    summary: 'Pay outside a trade',
    body: z.object({
      amount: digits.meta({ description: 'Minor units' }),
      destination: z.string().meta({ description: "The payee's public key, hex: its wallet's address" }),
    }),
    response: z.object({ txid: z.string() }),
    errors: [NO_WALLET, [400, 'an amount and a destination address are required']],
  },
};

/** Body of every refusal: words, or an object where the node failed or the caller is not let in. */
export const compatError: z.ZodType<{ readonly error: string | { readonly message: string } }> = z.object({
  error: z.union([z.string(), z.object({ message: z.string() })]),
});
