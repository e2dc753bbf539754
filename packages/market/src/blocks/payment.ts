import type { HalfBlock, TxValue, TypeRule, ValidationIssue } from '@edmp/interface';
import { isEdmpError } from '@edmp/interface';
import { amountOf, amountToTx, bytesOf, integerOf, mapOf, textOf } from '../codec/fields.ts';
import { MarketError } from '../errors.ts';

/** Block type of a payment in money that is kept outside, told by its payer and confirmed by its payee (DESIGN §4.6). */
export const PAYMENT_TYPE = 'market/payment';
/** Most parts that one sum is paid in: two years of weekly ones. */
export const MAX_PARTS = 104;
/** Longest id of a wallet, and of a payment in it, characters. */
const MAX_ID = 200;

/** One part of a sum, as its payer tells it. */
export interface PaymentTx {
  /** What is paid for, 32 bytes: a trade's id, or any digest that both sides know. */
  readonly reference: Uint8Array;
  /** 1 … `parts`. */
  readonly part: number;
  readonly parts: number;
  /** Id of the wallet, e.g. `EUR`. */
  readonly wallet: string;
  /** The payment's id in that wallet. */
  readonly payment: string;
  /** Minor units. */
  readonly amount: bigint;
}

/** Transaction of a payment, the same in proposal and agreement. */
export function paymentToTx(payment: PaymentTx): TxValue {
  const { reference, part, parts, wallet, amount } = payment;
  return { v: 1, reference, part, parts, wallet, payment: payment.payment, amount: amountToTx(amount) };
}

function idOf(value: unknown, where: string): string {
  const text = textOf(value, MAX_ID, where);
  if (!/^[\x21-\x7e]+$/.test(text)) {
    throw new MarketError(
      'ERR_MARKET_FORMAT',
      `${where}: expected printable ASCII characters without spaces`,
    );
  }
  return text;
}

/** Reads a payment's block. Throws `ERR_MARKET_FORMAT`. */
export function decodePayment(block: HalfBlock): PaymentTx {
  const { core } = block;
  if (core.type !== PAYMENT_TYPE || core.peer === null) {
    throw new MarketError(
      'ERR_MARKET_FORMAT',
      `Expected a payment to somebody, got a block of type ${core.type}`,
    );
  }
  const names = ['v', 'reference', 'part', 'parts', 'wallet', 'payment', 'amount'];
  const fields = mapOf(core.tx, names, 'payment');
  integerOf(fields.v, 1, 1, 'payment.v');
  const parts = integerOf(fields.parts, 1, MAX_PARTS, 'payment.parts');
  return {
    reference: bytesOf(fields.reference, 32, 'payment.reference'),
    part: integerOf(fields.part, 1, parts, 'payment.part'),
    parts,
    wallet: idOf(fields.wallet, 'payment.wallet'),
    payment: idOf(fields.payment, 'payment.payment'),
    amount: amountOf(fields.amount, 1n, 'payment.amount'),
  };
}

/** Rule of `market/payment`: a confirmation repeats what it confirms, and may come at any time. */
export const paymentRule: TypeRule = {
  checkProposal(block): readonly ValidationIssue[] {
    try {
      decodePayment(block);
      return [];
    } catch (error) {
      if (!isEdmpError(error)) throw error;
      return [{ code: error.code, message: error.message }];
    }
  },
  deadline: () => null,
};
