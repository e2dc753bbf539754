import type { KeyValueStore, PublicKey, Trustchain, Wallet } from '@edmp/interface';
import { isPublicKeyHex, publicKeyFromHex, publicKeyToHex } from '@edmp/interface';
import { type Currency, MAX_AMOUNT } from '../asset/currency.ts';
import { MarketError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { TRANSFER_TYPE, transferToTx } from '../ledger/token-blocks.ts';

/** Prefix of the records of payments that were used. */
const USED_PREFIX = 'market/payment/';

/** What wallets need of their market. */
export interface WalletContext {
  readonly self: PublicKey;
  readonly trustchain: Trustchain;
  /** Up to date at every call. */
  readonly ledger: () => Ledger;
  readonly records: KeyValueStore;
  /** Minor units promised to open bids. */
  readonly promised: (currency: string) => bigint;
}

/** A wallet of one currency over the token ledger; its address is the owner's key in hex. */
export function tokenWallet(context: WalletContext, currency: Currency): Wallet {
  const { self, trustchain, records } = context;
  return {
    id: currency.id,
    name: currency.name,
    precision: currency.precision,
    minUnit: currency.minUnit,
    address: () => publicKeyToHex(self),
    balance: async () => context.ledger().balance(self, currency.id),
    async transfer(amount, payee, options) {
      if (amount < currency.minUnit || amount > MAX_AMOUNT) {
        throw new MarketError(
          'ERR_ORDER_AMOUNT',
          `A payment is ${currency.minUnit} … 2⁶³−1 minor units, got ${amount}`,
        );
      }
      if (!isPublicKeyHex(payee) || payee === publicKeyToHex(self)) {
        throw new MarketError(
          'ERR_WALLET_PAYMENT',
          'Expected the address of somebody else: 64 lower-case hex characters',
        );
      }
      const free = context.ledger().balance(self, currency.id).available - context.promised(currency.id);
      if (amount > free) {
        throw new MarketError(
          'ERR_WALLET_INSUFFICIENT',
          `${free} ${currency.id} are free, ${amount} are needed`,
        );
      }
      const block = await trustchain.propose(
        {
          peer: publicKeyFromHex(payee),
          type: TRANSFER_TYPE,
          tx: transferToTx({ currency: currency.id, amount }),
        },
        options,
      );
      context.ledger().apply(block);
      return block.id.toString();
    },
    async verify(payment) {
      const found = context
        .ledger()
        .movements(self, currency.id)
        .find(
          (movement) =>
            movement.id === payment.id && movement.direction === 'in' && movement.status === 'final',
        );
      if (
        found === undefined ||
        found.counterparty === null ||
        found.amount !== payment.amount ||
        payment.payee !== publicKeyToHex(self)
      ) {
        throw new MarketError(
          'ERR_WALLET_PAYMENT',
          `No final payment ${payment.id.slice(0, 80)} of ${payment.amount} ${currency.id} to this wallet is known`,
        );
      }
      const key = `${USED_PREFIX}${payment.id}`;
      if ((await records.get(key)) !== undefined) {
        throw new MarketError('ERR_WALLET_PAYMENT', `The payment ${payment.id} was used before`);
      }
      await records.set(key, Uint8Array.of(1));
    },
    transactions: async () => context.ledger().movements(self, currency.id),
  };
}

/** The energy wallet: licences bought and sold, as the chains say. Balances count licences bought. */
export function energyWallet(context: WalletContext): Wallet {
  const { self } = context;
  const unsupported = (): MarketError =>
    new MarketError('ERR_WALLET_UNSUPPORTED', 'Licences move only in trades; use sell and buy');
  return {
    id: 'EW',
    name: 'Energy wallet',
    precision: 0,
    minUnit: 1n,
    address: () => publicKeyToHex(self),
    async balance() {
      let available = 0n;
      let pending = 0n;
      for (const movement of context.ledger().movements(self, 'EW')) {
        if (movement.direction !== 'in') continue;
        if (movement.status === 'final') available += movement.amount;
        if (movement.status === 'pending') pending += movement.amount;
      }
      return { available, held: 0n, pending };
    },
    async transfer() {
      throw unsupported();
    },
    async verify() {
      throw unsupported();
    },
    transactions: async () => context.ledger().movements(self, 'EW'),
  };
}
