import {
  type AbortOptions,
  type EdmpError,
  type Environment,
  equalBytes,
  type HalfBlock,
  isEdmpError,
  type PublicKey,
} from '@edmp/interface';
import { displayable } from '@edmp/interface/format';
import { currencyLink } from '../asset/currency-link.ts';
import { type Spending, spendingOf } from '../blocks/spending.ts';
import { checkHold } from '../blocks/trade.ts';
import { isMarketError } from '../errors.ts';
import { type Certificate, decodeCertificate } from '../notary/certificate.ts';
import type { TradeEngine } from './engine.ts';
import { isFork } from './failures.ts';
import {
  type Decline,
  type DeclineReason,
  MAX_DECLINE_TEXT,
  type TradeReply,
  type TradeRequest,
} from './messages.ts';
import type { TradeChain, TradeLedger, TradeWitnesses } from './needs.ts';
import { isFinished } from './states.ts';
import { idOf, ownOrderOf, type Trade, type TradeOffer } from './trade.ts';

/** Longest that a buyer that shows its hold waits for the seller's witnesses, ms; below its own patience. */
const WAIT_FOR_ACKS_MS = 20_000;
/** Pause after which a buyer may show its hold again where the cause may pass, ms. */
const RETRY_MS = 5_000;

/** Blocks read from the store at a time. */
const PAGE = 256;

/** What {@link HoldDesk} works with. */
export interface HoldDeskNeeds {
  readonly engine: TradeEngine;
  readonly chain: TradeChain;
  readonly ledger: TradeLedger;
  readonly witnesses: Pick<TradeWitnesses, 'certificate'>;
  readonly environment: Environment;
  /** Licences of one’s own ask that no hold has taken. */
  readonly left: (trade: Trade) => number;
  /** Δ of the witnesses' rounds, ms. */
  readonly deltaMs: number;
  /** Folds a stored block into the ledger, if it is not yet. */
  readonly takeBlock: (block: HalfBlock) => void;
  /** Keeps a certificate and tells the ledger. */
  readonly learn: (certificate: Certificate) => Promise<void>;
  readonly report: (what: string, error: unknown) => void;
}

/** A no, with its reason in a form that may be shown. */
export function decline(
  reason: DeclineReason,
  message: string,
  more: Partial<Pick<Decline, 'retryMs' | 'offer'>> = {},
): Decline {
  return {
    kind: 'decline',
    reason,
    message: displayable(message, MAX_DECLINE_TEXT),
    retryMs: more.retryMs ?? null,
    offer: more.offer ?? null,
  };
}

/** The reason of a no that an error gives; proven fraud by that name, whichever part came upon it. */
export function reasonOf(error: EdmpError, otherwise: DeclineReason): DeclineReason {
  const { code } = error;
  if (code === 'ERR_RISK_FRAUD' || isFork(error)) return 'fraud';
  if (code === 'ERR_RISK_BALANCE') return 'funds';
  return code === 'ERR_CHAIN_HISTORY' ? 'history' : otherwise;
}

/** Where a seller takes holds: the first one that reaches it gets the licence, others come back by themselves. */
export class HoldDesk {
  readonly #needs: HoldDeskNeeds;

  constructor(needs: HoldDeskNeeds) {
    this.#needs = needs;
  }

  /** Answers a buyer that shows its hold: the release when the witnesses have acknowledged it, or a typed no. */
  async show(
    from: PublicKey,
    request: Extract<TradeRequest, { kind: 'hold' }>,
    options: AbortOptions,
  ): Promise<TradeReply> {
    const { chain, engine } = this.#needs;
    const { block, level } = await chain.receive(request.hold, options);
    if (level === 'invalid') return decline('terms', 'the hold breaks a rule of its chain');
    const spending = readHold(() => spendingOf(block));
    if (spending?.hold == null || !equalBytes(spending.author, from)) {
      return decline('terms', 'expected the hold of whoever shows it');
    }
    const trade = engine.ofProposal(spending.hold.proposal.toString());
    if (trade === undefined || trade.role !== 'seller')
      return decline('unknown', 'no such offer was made here');
    const no = await this.#take(trade, spending, request.certificate, options);
    if (no !== undefined) return no;
    trade.answering += 1;
    try {
      await engine.until(trade, (state) => state !== 'releasing', WAIT_FOR_ACKS_MS);
      return this.#answer(trade);
    } finally {
      trade.answering -= 1;
    }
  }

  /** A hold became known by gossip or after a restart: its buyer may not get to show it. */
  notice(key: string): void {
    const { engine, ledger } = this.#needs;
    const hold = ledger.hold(key);
    if (hold === undefined || !hold.counts) return;
    const trade = engine.ofProposal(hold.proposal.toString());
    if (trade === undefined || trade.role !== 'seller' || trade.state !== 'offered') return;
    this.#noticed(trade, hold.proposal.toString()).catch((error: unknown) =>
      this.#needs.report('taking a hold that became known', error),
    );
  }

  async #noticed(trade: Trade, proposal: string): Promise<void> {
    const { chain, ledger } = this.#needs;
    const hold = ledger.holdOf(proposal);
    if (hold === undefined) return;
    const [answer] = await chain.store.answers(hold.proposal, { author: hold.buyer, limit: 1 });
    const spending = answer === undefined ? undefined : readHold(() => spendingOf(answer.block));
    if (spending?.key !== hold.key || trade.offer === null || misfit(spending, trade.offer) !== undefined)
      return;
    // Without it its buyer may still show the hold; if nobody can, its money comes back by itself.
    if (!(await this.#hasCertificate(spending, {}))) return;
    this.#commit(trade, spending);
  }

  async #take(
    trade: Trade,
    spending: Spending,
    certificate: Uint8Array | null,
    options: AbortOptions,
  ): Promise<Decline | undefined> {
    if (trade.hold !== null) {
      return trade.hold.key === spending.key ? undefined : decline('terms', 'another hold was shown before');
    }
    if (isFinished(trade.state))
      return decline('closed', 'the offer has ended; held money comes back by itself');
    const { offer } = trade;
    if (offer === null) return decline('unknown', 'no such offer was made here');
    const wrong = misfit(spending, offer);
    if (wrong !== undefined) return decline('terms', wrong);
    try {
      await this.#prove(spending, certificate, options);
    } catch (error) {
      if (!isEdmpError(error)) throw error;
      return decline(reasonOf(error, 'history'), `${error.code}: ${error.message}`, {
        retryMs: error.retryable ? RETRY_MS : null,
      });
    }
    const counts = this.#needs.ledger.hold(spending.key)?.counts === true;
    const isCertified = counts && (await this.#hasCertificate(spending, options));
    if (await this.#needs.chain.isFraudulent(spending.author)) {
      return decline('fraud', 'fraud by the buyer is proven; nothing is signed with it');
    }
    if (!isCertified) {
      return currencyLink(spending.money.currency) === null
        ? decline('history', 'the buyer’s chain does not cover this payment')
        : decline('certificate', 'expected the certificate of a quorum of the currency’s notaries', {
            retryMs: RETRY_MS,
          });
    }
    return this.#commit(trade, spending);
  }

  /** Brings in what makes the payment count: the quorum's certificate, or the payer's whole chain. */
  async #prove(spending: Spending, certificate: Uint8Array | null, options: AbortOptions): Promise<void> {
    const { chain, learn, ledger } = this.#needs;
    const currency = currencyLink(spending.money.currency);
    if (currency === null) {
      // A chain that is known and sound up to the hold need not be asked for again.
      if (ledger.hold(spending.key)?.counts === true) return;
      await chain.history(spending.author, { ...options, upTo: spending.id, want: 'complete' });
      await this.#foldStored(spending);
    } else if (certificate !== null) {
      const decoded = decodeCertificate(certificate, currency);
      if (decoded.kind === 'spend') await learn(decoded);
    }
  }

  /**
   * Whether the witnesses can be shown that the hold counts. In issued money the certificate of a later block makes it
   * count here, while they ask for its own: without that they neither acknowledge a release nor give anything back.
   */
  async #hasCertificate(hold: Spending, options: AbortOptions): Promise<boolean> {
    if (currencyLink(hold.money.currency) === null) return true;
    return (await this.#needs.witnesses.certificate(hold, options)) !== undefined;
  }

  /**
   * What the store has of the payer's chain and the ledger has not: a full ledger passes strangers' blocks by, and lets
   * those of whoever spent nothing go.
   */
  async #foldStored({ key, author, block }: Spending): Promise<void> {
    const { chain, ledger, takeBlock } = this.#needs;
    const last = block.core.seq;
    for (let from = ledger.known(author) + 1; from <= last && ledger.hold(key)?.counts !== true; ) {
      const page = await chain.store.range(author, from, last, PAGE);
      for (const stored of page) takeBlock(stored);
      const end = page.at(-1);
      if (end === undefined || page.length < PAGE) return;
      from = end.core.seq + 1;
    }
  }

  /** From here on the licence is taken. No wait stands between the checks and this line. */
  #commit(trade: Trade, spending: Spending): Decline | undefined {
    const { engine, environment, left, deltaMs } = this.#needs;
    const { deadlines, quantity } = trade.encoded.terms;
    if (trade.hold !== null || isFinished(trade.state)) return undefined;
    if (environment.now() > deadlines.release - 2 * deltaMs) {
      return decline('late', 'too late for a release; the held money comes back by itself');
    }
    const free = left(trade);
    if (free < quantity) {
      return decline('taken', `${free} licences are left; the held money comes back by itself`);
    }
    trade.hold = spending;
    trade.certified = true;
    engine.tally.take(ownOrderOf(trade), idOf(trade), quantity);
    engine.poke(trade);
    return undefined;
  }

  #answer(trade: Trade): TradeReply {
    const { release, state, failure, acks } = trade;
    switch (state) {
      case 'acknowledged':
      case 'waiting':
      case 'completed':
      case 'undecided':
        if (release === null) return { kind: 'wait' };
        // Past its deadlines a release that no quorum acknowledged is not paid: the money goes back, and the key stays.
        if (state === 'undecided' && acks === null) return { kind: 'wait' };
        // If this answer gets lost, the buyer shows its hold again.
        trade.handed = true;
        return { kind: 'released', release: release.block.bytes, opener: release.opener };
      case 'failed':
      case 'lost':
        return decline('closed', failure?.reason ?? 'the trade has ended');
      default:
        return { kind: 'wait' };
    }
  }
}

/** Why a hold is not what the offer's terms ask for; undefined when it is. */
function misfit(spending: Spending, { proposal }: TradeOffer): string | undefined {
  try {
    checkHold(spending, proposal);
    return undefined;
  } catch (error) {
    if (isMarketError(error)) return error.message;
    throw error;
  }
}

function readHold(read: () => Spending | undefined): Spending | undefined {
  try {
    return read();
  } catch (error) {
    if (isMarketError(error)) return undefined;
    throw error;
  }
}
