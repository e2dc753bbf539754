import { EdmpError } from '@edmp/interface';
import type { WalletTransactionView, WalletView } from '@edmp/node';

const GRANT = { DUM1: 1000n, DUM2: 10_000n };
/** Currencies that every fake node has a wallet of. */
export const FAKE_WALLETS: readonly string[] = Object.keys(GRANT);

/** The test money of every node of a fake market: each spends what it was given, what it earns is shown apart. */
export interface FakeWallets {
  /** Gives a key its test money. */
  grant(key: string, time: number): void;
  /** Notes a movement, or what became of one. */
  move(key: string, movement: WalletTransactionView): void;
  /** Throws `ERR_NODE_NOT_FOUND` on an unknown wallet. */
  movements(key: string, wallet: string): readonly WalletTransactionView[];
  /** Throws `ERR_NODE_NOT_FOUND` on an unknown wallet. */
  view(key: string, wallet: string): WalletView;
}

/** Wallets in memory. */
export function fakeWallets(): FakeWallets {
  const all = new Map<string, readonly WalletTransactionView[]>();
  const known = (wallet: string): void => {
    if (!FAKE_WALLETS.includes(wallet))
      throw new EdmpError('ERR_NODE_NOT_FOUND', `There is no wallet ${wallet}`);
  };
  const of = (key: string, wallet: string): readonly WalletTransactionView[] =>
    all.get(`${key} ${wallet}`) ?? [];
  const move = (key: string, movement: WalletTransactionView): void => {
    const others = of(key, movement.asset).filter(({ id }) => id !== movement.id);
    all.set(`${key} ${movement.asset}`, [...others, movement]);
  };
  return {
    move,
    grant(key, time) {
      for (const [asset, amount] of Object.entries(GRANT)) {
        move(key, {
          id: `grant-${asset}`,
          direction: 'in',
          asset,
          amount,
          counterparty: null,
          time,
          description: 'Test money given at the start',
          status: 'final',
          trade: null,
        });
      }
    },
    movements(key, wallet) {
      known(wallet);
      return of(key, wallet);
    },
    view(key, wallet) {
      known(wallet);
      const sum = (which: (movement: WalletTransactionView) => boolean): bigint =>
        of(key, wallet)
          .filter(which)
          .reduce((total, { amount }) => total + amount, 0n);
      const out = (status: string): bigint =>
        sum((movement) => movement.direction === 'out' && movement.status === status);
      const income = (status: string): bigint =>
        sum(
          ({ direction, counterparty, status: is }) =>
            direction === 'in' && counterparty !== null && is === status,
        );
      const granted = sum(({ counterparty }) => counterparty === null);
      const held = out('held');
      return {
        id: wallet,
        name: `Test money ${wallet.at(-1)}`,
        address: key,
        precision: 0,
        minUnit: 1n,
        symbol: wallet,
        test: true,
        available: granted - out('final') - held,
        held,
        pending: income('pending'),
        earned: income('final'),
      };
    },
  };
}
