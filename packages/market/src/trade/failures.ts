import { type EdmpError, isEdmpError, type PublicKey } from '@edmp/interface';
import { MarketError, type MarketErrorCode } from '../errors.ts';
import type { Decline } from './messages.ts';
import type { TradeChain } from './needs.ts';

/** What a settlement says when the ciphertext is not what was offered. */
const MISMATCH: readonly string[] = ['ERR_SETTLEMENT_DELIVERY', 'ERR_CONTENT_HASH', 'ERR_DATASET_'];

/** Says that what is waited for is not there yet: the engine asks again later. */
export function notYet(message: string): MarketError {
  return new MarketError('ERR_TRADE_SILENT', message, { retryable: true });
}

/** A seller's no as an error that ends the trade. */
export function declineError(decline: Decline): MarketError {
  const code: MarketErrorCode =
    decline.reason === 'price'
      ? 'ERR_TRADE_PRICE'
      : decline.reason === 'witnesses'
        ? 'ERR_TRADE_WITNESSES'
        : 'ERR_TRADE_DECLINED';
  return new MarketError(code, `The seller declined (${decline.reason}): ${decline.message}`, {
    details: { reason: decline.reason },
  });
}

/** Names what does not match as such, so that nobody blames the network. */
export async function received(receiving: Promise<void>): Promise<void> {
  try {
    await receiving;
  } catch (error) {
    if (isEdmpError(error) && MISMATCH.some((code) => error.code.startsWith(code))) {
      const text = `What the seller sealed is not what it offers: ${error.message}`;
      throw new MarketError('ERR_TRADE_DELIVERY', text, { cause: error });
    }
    throw error;
  }
}

/** Signing is always tried again: the data is open, and only the receipt is missing. */
export function retryableOf(error: unknown): unknown {
  return isEdmpError(error) && !error.retryable
    ? new MarketError('ERR_TRADE_LOCAL', error.message, { cause: error, retryable: true })
    : error;
}

/** Whether an error says that its author's blocks contradict each other. */
export function isFork({ code, details }: EdmpError): boolean {
  return code === 'ERR_CHAIN_HISTORY' && (details as { readonly reason?: unknown }).reason === 'fork';
}

/**
 * What the chain says of a counterparty for good, as the refusal that it is: its proven fraud, or a history that cannot
 * be judged, is no failure of this node. Everything else stays as it is.
 */
export async function refusalOf(
  error: unknown,
  counterparty: PublicKey,
  chain: Pick<TradeChain, 'isFraudulent'>,
): Promise<unknown> {
  if (!isEdmpError(error) || error.retryable) return error;
  const isFraud = error.code === 'ERR_CHAIN_FRAUD';
  if (!isFraud && error.code !== 'ERR_CHAIN_HISTORY') return error;
  if (isFork(error) || (await chain.isFraudulent(counterparty))) {
    return new MarketError('ERR_RISK_FRAUD', `Fraud by the counterparty is proven: ${error.message}`, {
      cause: error,
    });
  }
  // Otherwise it is this node's own key that is burnt.
  if (isFraud) return error;
  const text = `The counterparty's chain cannot be judged: ${error.message}`;
  return new MarketError('ERR_RISK_CHAIN', text, { cause: error });
}
