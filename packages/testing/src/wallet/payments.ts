import { expect, it } from 'vitest';
import { rejection } from '../support.ts';
import { totalOf, type WalletSuiteOptions, withWallets } from './harness.ts';

/** What happens to money that is paid; nothing is registered for wallets that do not pay. */
export function walletPayments(options: WalletSuiteOptions): void {
  if (options.transfers === false) return;

  it('moves exactly the amount from the payer to the payee', () =>
    withWallets(options, async ({ payer, payee, settle }) => {
      const amount = payer.minUnit * 7n;
      const [payerBefore, payeeBefore] = [await payer.balance(), await payee.balance()];
      const id = await payer.transfer(amount, payee.address());
      await settle();
      expect(totalOf(await payer.balance())).toBe(totalOf(payerBefore) - amount);
      expect(totalOf(await payee.balance())).toBe(totalOf(payeeBefore) + amount);
      expect((await payer.balance()).available).toBe(payerBefore.available - amount);
      const out = (await payer.transactions()).find((movement) => movement.id === id);
      const into = (await payee.transactions()).find((movement) => movement.id === id);
      expect(out).toMatchObject({ direction: 'out', amount });
      expect(into).toMatchObject({ direction: 'in', amount });
    }));

  it('takes a payment as proof once, for its own amount and payee only', () =>
    withWallets(options, async ({ payer, payee, settle }) => {
      const amount = payer.minUnit * 3n;
      const id = await payer.transfer(amount, payee.address());
      await settle();
      await rejection(
        payee.verify({ id, amount: amount + payer.minUnit, payee: payee.address() }),
        'ERR_WALLET_PAYMENT',
      );
      await rejection(payee.verify({ id, amount, payee: payer.address() }), 'ERR_WALLET_PAYMENT');
      await rejection(payer.verify({ id, amount, payee: payer.address() }), 'ERR_WALLET_PAYMENT');
      await payee.verify({ id, amount, payee: payee.address() });
      await rejection(payee.verify({ id, amount, payee: payee.address() }), 'ERR_WALLET_PAYMENT');
    }));

  it('takes a payment once, too, when it is checked many times at once', () =>
    withWallets(options, async ({ payer, payee, settle }) => {
      const amount = payer.minUnit;
      const id = await payer.transfer(amount, payee.address());
      await settle();
      const checks = await Promise.allSettled(
        Array.from({ length: 8 }, () => payee.verify({ id, amount, payee: payee.address() })),
      );
      expect(checks.filter((check) => check.status === 'fulfilled')).toHaveLength(1);
    }));

  it('refuses more than is there, nothing, fractions of the smallest unit, and payees that are none', () =>
    withWallets(options, async ({ payer, payee }) => {
      const before = await payer.balance();
      const to = payee.address();
      await rejection(payer.transfer(before.available + payer.minUnit, to), 'ERR_WALLET_INSUFFICIENT');
      for (const amount of [0n, -1n, payer.minUnit - 1n, 2n ** 63n]) {
        await rejection(
          payer.transfer(amount, to),
          'ERR_ORDER_AMOUNT',
          'ERR_WALLET_INSUFFICIENT',
          'ERR_INVALID_ARGUMENT',
        );
      }
      for (const address of ['', 'nobody', payer.address(), `${to} `]) {
        await rejection(
          payer.transfer(payer.minUnit, address),
          'ERR_WALLET_PAYMENT',
          'ERR_INVALID_ARGUMENT',
          'ERR_MARKET_FORMAT',
        );
      }
      expect(await payer.balance()).toEqual(before);
    }));

  it('never pays out more than it has when asked many times at once', () =>
    withWallets(options, async ({ payer, payee, settle }) => {
      const before = (await payer.balance()).available;
      const part = before / 3n + 1n;
      const calls = await Promise.allSettled(
        Array.from({ length: 6 }, () => payer.transfer(part, payee.address())),
      );
      await settle();
      const paid = BigInt(calls.filter((call) => call.status === 'fulfilled').length);
      expect(paid).toBe(2n);
      expect((await payer.balance()).available).toBe(before - paid * part);
    }));

  it('pays once for one key, and says so when the key stood for another payment', () =>
    withWallets(options, async ({ payer, payee, settle, reopen }) => {
      const before = (await payer.balance()).available;
      const amount = payer.minUnit * 2n;
      const to = payee.address();
      const ids = await Promise.all(
        Array.from({ length: 4 }, () => payer.transfer(amount, to, { key: 'rent-june' })),
      );
      expect(new Set(ids).size).toBe(1);
      await rejection(payer.transfer(amount * 2n, to, { key: 'rent-june' }), 'ERR_IDEMPOTENCY');
      await settle();
      const again = (await reopen?.()) ?? payer;
      expect(await again.transfer(amount, to, { key: 'rent-june' })).toBe(ids[0]);
      await settle();
      expect((await again.balance()).available).toBe(before - amount);
      expect(await again.transfer(amount, to, { key: 'rent-july' })).not.toBe(ids[0]);
      expect((await again.balance()).available).toBe(before - amount * 2n);
      for (const key of ['', 'a\nb', 'k'.repeat(129)]) {
        await rejection(
          again.transfer(amount, to, { key }),
          'ERR_INVALID_ARGUMENT',
          'ERR_MARKET_FORMAT',
          'ERR_IDEMPOTENCY',
        );
      }
    }));

  it('does nothing once its caller has given up', () =>
    withWallets(options, async ({ payer, payee }) => {
      const before = await payer.balance();
      await rejection(
        payer.transfer(payer.minUnit, payee.address(), { signal: AbortSignal.abort() }),
        'ERR_ABORTED',
      );
      expect(await payer.balance()).toEqual(before);
    }));
}
