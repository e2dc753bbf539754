import type { AuthorsPage, BlockStore, HalfBlock, PublicKey, Trustchain } from '@edmp/interface';
import { equalBytes } from '@edmp/interface';
import type { CurrencyRegister } from '../asset/currency-register.ts';
import type { CertificateStore } from '../evidence/certificate-store.ts';
import type { OrderExchange } from '../matching/exchange.ts';
import type { Trading } from '../negotiation/create-trading.ts';
import type { Bookkeeper } from '../wallet/bookkeeper.ts';
import type { OwnBlocks } from '../wallet/own-blocks.ts';
import type { Spender } from '../wallet/spender.ts';
import type { IncomingPayments } from './incoming.ts';
import type { MoneyDesk } from './money-desk.ts';
import type { OrderDesk } from './order-desk.ts';
import type { OwnOrders } from './own-orders.ts';
import type { PayerChains } from './payer-chains.ts';
import { type RestoreNeeds, readStore } from './restore.ts';

/** What {@link restoreMarket} takes up. */
export interface RestoreParts extends Omit<RestoreNeeds, 'onBlock' | 'trustchain'> {
  readonly trustchain: Pick<Trustchain, 'self' | 'store' | 'isFraudulent'>;
  /** Signed blocks of currencies that the owner named. */
  readonly named: readonly Uint8Array[];
  readonly money: MoneyDesk;
  readonly currencies: CurrencyRegister;
  readonly certificates: CertificateStore;
  readonly books: Bookkeeper;
  /** Hears of every stored block. */
  readonly takeBlock: (block: HalfBlock) => void;
  /** An author's fraud is proven. */
  readonly condemn: (author: PublicKey) => void;
  readonly incoming: IncomingPayments;
  readonly payerChains: PayerChains;
  readonly own: OwnOrders;
  readonly orders: OrderDesk;
  readonly exchange: OrderExchange;
  readonly trading: Trading;
  readonly spender: Spender;
  readonly ownBlocks: OwnBlocks;
}

/** Authors read at once. */
const AUTHORS_AT_ONCE = 1_000;

/** Every author that a store has blocks of, in byte order. */
async function* authorsOf(store: BlockStore): AsyncIterable<PublicKey> {
  let last: PublicKey | undefined;
  do {
    const from: AuthorsPage = { limit: AUTHORS_AT_ONCE, ...(last === undefined ? {} : { after: last }) };
    const page = await store.authors(from);
    yield* page;
    last = page.length < AUTHORS_AT_ONCE ? undefined : page.at(-1);
  } while (last !== undefined);
}

/** Takes up what the stores hold, lowest first: currencies, money, orders, trades, and what was not certified yet. */
export async function restoreMarket(parts: RestoreParts): Promise<void> {
  const { trustchain, books, currencies, exchange, own, orders, spender, trading } = parts;
  for (const block of parts.named) await parts.money.addCurrency(block);
  await parts.money.restore();
  await preferPaidIn(parts);
  const found = await readStore({ ...parts, onBlock: parts.takeBlock });
  for await (const author of authorsOf(trustchain.store)) {
    if (await trustchain.isFraudulent(author)) parts.condemn(author);
  }
  for await (const certificate of parts.certificates.own()) books.takeCertificate(certificate);
  pinOwn(currencies, trustchain.self);
  for (const { order, cancelled } of found.own) {
    own.add(order);
    if (cancelled) own.cancel(order.key);
  }
  await trading.restore();
  for (const trade of trading.engine.all()) {
    if (trade.state !== 'completed') continue;
    const { ask, bid, quantity } = trade.encoded.terms;
    own.filled((trade.role === 'seller' ? ask : bid).toString(), quantity);
  }
  for (const { order } of found.own) if (own.status(order.key) === 'open') exchange.addOwn(order);
  for (const order of found.others) exchange.restore(order);
  await orders.restore();
  for (const key of own.open()) if (own.openBid(key) !== undefined) trading.buyers.consider(key);
  await spender.resume(currencies.values());
  parts.ownBlocks.start(currencies.values());
  for (const block of found.incoming) {
    parts.incoming.onStored(block);
    parts.payerChains.onBlock(block);
  }
  if (found.hasOlderIncoming) parts.incoming.sweep();
}

/** The currencies of own certificates come first, so that no flood of others takes their place. */
async function preferPaidIn({ certificates, currencies, trustchain }: RestoreParts): Promise<void> {
  const seen = new Set<string>();
  for await (const { currency } of certificates.own()) {
    if (currency === null || seen.has(currency.toString())) continue;
    seen.add(currency.toString());
    const block = await trustchain.store.get(currency);
    const known = block === undefined ? undefined : currencies.add(block);
    if (known !== undefined) currencies.prefer(known.id);
  }
}

/** What this node issued is kept whatever else comes. */
function pinOwn(currencies: CurrencyRegister, self: PublicKey): void {
  for (const currency of currencies.values()) {
    if (currency.kind === 'issued' && equalBytes(currency.issuer, self)) currencies.pin(currency.id);
  }
}
