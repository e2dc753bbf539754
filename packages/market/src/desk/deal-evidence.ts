import type { BlockId, BlockStore, HalfBlock } from '@edmp/interface';
import type { Currency, CurrencyId } from '../asset/currency.ts';
import { MarketError } from '../errors.ts';
import type { CertificateStore } from '../evidence/certificate-store.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { DealEvidence } from '../market.ts';
import type { Trade } from '../trade/trade.ts';

/** What {@link dealEvidenceOf} needs. */
export interface DealEvidenceNeeds {
  readonly blocks: Pick<BlockStore, 'get' | 'answers'>;
  readonly certificates: Pick<CertificateStore, 'find'>;
  readonly ledger: () => Ledger;
  readonly currencyOf: (id: CurrencyId) => Currency | undefined;
}

/**
 * Collects everything signed that bears on a trade. Throws `ERR_TRADE_STATE` while it runs, and for one that the
 * seller never signed an offer for.
 */
export async function dealEvidenceOf(
  trade: Trade,
  finished: boolean,
  needs: DealEvidenceNeeds,
): Promise<Omit<DealEvidence, 'lie'>> {
  const { encoded, offer, hold, release } = trade;
  if (!finished) {
    throw new MarketError(
      'ERR_TRADE_STATE',
      `The trade is still ${trade.state}: only a finished one has a file`,
    );
  }
  if (offer === null) {
    throw new MarketError(
      'ERR_TRADE_STATE',
      'The seller signed no offer for these terms, so there is no deal to show',
    );
  }
  const { terms } = encoded;
  const currency = needs.currencyOf(terms.price.currency);
  const key = hold?.key;
  const find = async (matter: 'spend' | 'ack' | 'outcome') =>
    key === undefined ? null : ((await needs.certificates.find(matter, key)) ?? null);
  const spend = trade.certificate ?? (await find('spend'));
  const acks = trade.acks ?? (await find('ack'));
  const decided = key === undefined ? null : (needs.ledger().hold(key)?.outcome?.certificate ?? null);
  return {
    trade: encoded.id,
    ask: trade.ask.block,
    bid: (await needs.blocks.get(terms.bid)) ?? null,
    currency: currency?.kind === 'issued' ? currency.block : null,
    proposal: offer.proposal.block,
    hold: hold?.block ?? null,
    release: release?.block ?? null,
    receipt: await receiptOfTrade(trade, needs.blocks),
    spend,
    acks,
    outcome: decided ?? (await find('outcome')),
    recipientKey: trade.recipientKey,
    opener: release?.opener ?? null,
    proof: trade.proof,
  };
}

async function receiptOfTrade(
  { receipt, release, encoded }: Trade,
  blocks: DealEvidenceNeeds['blocks'],
): Promise<HalfBlock | null> {
  const known: BlockId | null = receipt;
  if (known !== null) return (await blocks.get(known)) ?? null;
  if (release === null) return null;
  const [answer] = await blocks.answers(release.block.id, { author: encoded.terms.buyer, limit: 1 });
  return answer?.block ?? null;
}
