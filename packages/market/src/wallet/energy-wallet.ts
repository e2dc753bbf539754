import type { PublicKey, Wallet, WalletBalance, WalletTransaction } from '@edmp/interface';
import { publicKeyToHex } from '@edmp/interface';
import { MarketError } from '../errors.ts';
import type { Bookkeeper } from './bookkeeper.ts';

/** Id of the energy wallet, and the start of every data asset's id. */
export const ENERGY_WALLET = 'EW';

/** The energy wallet: licences bought and sold, as the chains say. Its balance counts licences bought. */
export function energyWallet(self: PublicKey, books: Bookkeeper): Wallet {
  return new EnergyWallet(self, books);
}

class EnergyWallet implements Wallet {
  readonly id = ENERGY_WALLET;
  readonly name = 'Energy wallet';
  readonly precision = 0;
  readonly minUnit = 1n;
  readonly #self: PublicKey;
  readonly #books: Bookkeeper;

  constructor(self: PublicKey, books: Bookkeeper) {
    this.#self = self;
    this.#books = books;
  }

  address(): string {
    return publicKeyToHex(this.#self);
  }

  async balance(): Promise<WalletBalance> {
    let available = 0n;
    let pending = 0n;
    for (const movement of await this.transactions()) {
      if (movement.direction !== 'in') continue;
      if (movement.status === 'final') available += movement.amount;
      if (movement.status === 'pending' || movement.status === 'held') pending += movement.amount;
    }
    return { available, held: 0n, pending, earned: 0n };
  }

  async transfer(): Promise<string> {
    throw unsupported();
  }

  async verify(): Promise<void> {
    throw unsupported();
  }

  async transactions(): Promise<readonly WalletTransaction[]> {
    return this.#books.upToDate().movements(this.#self, ENERGY_WALLET);
  }
}

function unsupported(): MarketError {
  return new MarketError('ERR_WALLET_UNSUPPORTED', 'Licences move only in trades; use sell and buy');
}
