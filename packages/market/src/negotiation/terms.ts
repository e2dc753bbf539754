import type { Crypto, Environment, PublicKey, Settlement } from '@edmp/interface';
import { costOf } from '../asset/price.ts';
import type { SignedOrder } from '../blocks/order.ts';
import { executionPrice } from '../blocks/order.ts';
import { encodeTerms } from '../blocks/terms.ts';
import { newTrade, type Trade } from '../trade/trade.ts';
import type { NegotiationSettings } from './settings.ts';

const NONCE_BYTES = 16;

/** What {@link proposeTrade} works with. */
export interface TermsNeeds {
  readonly settlement: Pick<Settlement, 'createRecipientKey'>;
  readonly environment: Environment;
  readonly crypto: Pick<Crypto, 'sha256'>;
  readonly settings: NegotiationSettings;
}

/** A new trade of a buyer, with a one-time key and terms of its own, not sent yet. */
export async function proposeTrade(
  needs: TermsNeeds,
  ask: SignedOrder,
  bid: SignedOrder,
  quantity: number,
  witnesses: readonly PublicKey[] | null,
): Promise<Trade> {
  const { settlement, environment, crypto, settings } = needs;
  const unit = executionPrice(ask, bid);
  const amount = costOf(unit, quantity);
  const recipientKey = await settlement.createRecipientKey();
  const accept = environment.now() + settings.durations.accept;
  const release = accept + settings.durations.release;
  const encoded = encodeTerms(
    {
      ask: ask.id,
      bid: bid.id,
      seller: ask.owner,
      buyer: bid.owner,
      asset: ask.asset,
      quantity,
      price: unit,
      amount,
      deadlines: { accept, release, complain: release + settings.durations.complain },
      suite: settings.suite,
      recipient: crypto.sha256(recipientKey),
      witnesses,
      nonce: environment.randomBytes(NONCE_BYTES),
    },
    crypto,
  );
  return newTrade({
    role: 'buyer',
    encoded,
    ask,
    recipientKey,
    bid: bid.block.bytes,
    state: 'proposing',
    offer: null,
  });
}
