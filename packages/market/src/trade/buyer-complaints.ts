import { type Crypto, type Environment, type Settlement, type Signer, withDeadline } from '@edmp/interface';
import { complaintMessage, encodeDatasetDocument } from '@edmp/interface/dataset';
import { MarketError } from '../errors.ts';
import type { Certificate } from '../notary/certificate.ts';
import { notYet } from './failures.ts';
import type { TradeWitnesses } from './needs.ts';
import { documentOf, factsOf, settlementTradeOf, type Trade } from './trade.ts';

/** Longest single try to hear from witnesses, ms. */
export const WITNESS_TIMEOUT_MS = 60_000;
/** Times that data is opened when what went wrong cannot be proven. */
const OPEN_ATTEMPTS = 3;

/** What {@link BuyerComplaints} works with. */
export interface ComplaintNeeds {
  readonly settlement: Pick<Settlement, 'judge' | 'open'>;
  readonly environment: Environment;
  readonly crypto: Crypto;
  /** Signs with this node's key what its complaints say. */
  readonly sign: Signer['sign'];
  readonly witnesses: Pick<TradeWitnesses, 'complain'>;
  /** Keeps a certificate and tells the ledger. */
  readonly learn: (certificate: Certificate) => Promise<void>;
}

/**
 * A buyer's complaints. What it signs convicts it when it is wrong, so it signs nothing that its own judge does not uphold:
 * a disk or a memory that loses bits must not make a liar of it.
 */
export class BuyerComplaints {
  readonly #needs: ComplaintNeeds;
  readonly #doubts = new WeakMap<Trade, number>();

  constructor(needs: ComplaintNeeds) {
    this.#needs = needs;
  }

  /**
   * The proof, when this node's own judge finds the seller guilty by it. Throws a retryable error for the first ones that
   * it does not, then `ERR_TRADE_DELIVERY`: what is wrong is here, and nobody is accused of it.
   */
  borneOut(trade: Trade, proof: Uint8Array): Uint8Array {
    if (this.#isBorneOut(trade, proof)) return proof;
    const attempts = (this.#doubts.get(trade) ?? 0) + 1;
    this.#doubts.set(trade, attempts);
    const message =
      'The data did not open, and this node cannot prove that it is the seller’s fault: its records may be damaged';
    if (attempts < OPEN_ATTEMPTS) throw notYet(message);
    throw new MarketError('ERR_TRADE_DELIVERY', message);
  }

  /** Shows the proof of a trade to its witnesses. Throws `ERR_TRADE_STATE` and what they are asked by throws. */
  async complain(trade: Trade, signal: AbortSignal): Promise<void> {
    const { crypto, environment, learn, sign, witnesses } = this.#needs;
    const { offer, hold, release } = trade;
    const facts = factsOf(trade);
    if (offer === null || hold === null || release === null || facts === undefined || trade.proof === null) {
      throw new MarketError('ERR_TRADE_STATE', 'There is nothing to complain about');
    }
    // It may have been damaged since it was made.
    const proof = this.#isBorneOut(trade, trade.proof) ? trade.proof : await this.#prove(trade, signal);
    trade.proof = proof;
    const complaint = {
      proposal: offer.proposal.block,
      release: release.block,
      opener: release.opener,
      recipientKey: trade.recipientKey,
      document: encodeDatasetDocument(facts.document),
      proof,
      signature: await sign(complaintMessage(crypto, facts, proof)),
    };
    const found = await withDeadline(
      environment,
      WITNESS_TIMEOUT_MS,
      'showing the proof to the witnesses',
      (inner) => witnesses.complain(hold, complaint, { signal: inner }),
      { signal },
    );
    if (found === 'unfounded') trade.unfounded = true;
    else await learn(found);
  }

  #isBorneOut(trade: Trade, proof: Uint8Array): boolean {
    const facts = factsOf(trade);
    return facts !== undefined && this.#needs.settlement.judge(facts, proof).guilty;
  }

  /** Makes the proof anew. */
  async #prove(trade: Trade, signal: AbortSignal): Promise<Uint8Array> {
    const { offer, release } = trade;
    if (offer === null || release === null) {
      throw new MarketError('ERR_TRADE_STATE', 'There is nothing to complain about');
    }
    const outcome = await this.#needs.settlement.open(
      settlementTradeOf(trade),
      documentOf(trade),
      offer.delivery,
      release.wrapped,
      { signal },
    );
    if (outcome.kind === 'misbehaviour' && this.#isBorneOut(trade, outcome.proof)) return outcome.proof;
    throw notYet('What was wrong with the delivery cannot be proven any more');
  }
}
