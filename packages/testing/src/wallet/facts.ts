import { expect, it } from 'vitest';
import { rejection } from '../support.ts';
import { type WalletSuiteOptions, withWallets } from './harness.ts';

/** What a wallet says about itself, and what it refuses without a payment. */
export function walletFacts(options: WalletSuiteOptions): void {
  it('says what it is: id, name, precision, smallest unit and an address of its own', () =>
    withWallets(options, async ({ payer, payee }) => {
      expect(payer.id).toMatch(/^\S{1,80}$/);
      expect(payee.id).toBe(payer.id);
      expect(payer.name.trim()).not.toBe('');
      expect(Number.isInteger(payer.precision) && payer.precision >= 0 && payer.precision <= 18).toBe(true);
      expect(payer.minUnit >= 1n).toBe(true);
      expect(payer.address()).toMatch(/^\S{1,200}$/);
      expect(payer.address()).toBe(payer.address());
      expect(payee.address()).not.toBe(payer.address());
    }));

  it('tells a balance of whole minor units, no part of it negative', () =>
    withWallets(options, async ({ payer, payee }) => {
      for (const wallet of [payer, payee]) {
        const balance = await wallet.balance();
        expect(Object.keys(balance).sort()).toEqual(['available', 'earned', 'held', 'pending']);
        for (const part of Object.values(balance)) {
          expect(typeof part).toBe('bigint');
          expect(part >= 0n).toBe(true);
        }
      }
    }));

  it('lists movements that add up to what it owns', () =>
    withWallets(options, async ({ payer }) => {
      let sum = 0n;
      for (const movement of await payer.transactions()) {
        if (movement.status !== 'final') continue;
        sum += movement.direction === 'in' ? movement.amount : -movement.amount;
      }
      const { available, earned } = await payer.balance();
      expect(sum).toBe(available + earned);
    }));

  it('does not know a payment that nobody made', () =>
    withWallets(options, async ({ payer, payee }) => {
      const codes = options.transfers === false ? 'ERR_WALLET_UNSUPPORTED' : 'ERR_WALLET_PAYMENT';
      await rejection(
        payee.verify({ id: 'no such payment', amount: payer.minUnit, payee: payee.address() }),
        codes,
      );
    }));

  if (options.transfers === false) {
    it('refuses to pay outside trades', () =>
      withWallets(options, async ({ payer, payee }) => {
        await rejection(payer.transfer(payer.minUnit, payee.address()), 'ERR_WALLET_UNSUPPORTED');
      }));
  }
}
