import type { DatasetDocument, HalfBlock, JudgedTrade } from '@edmp/interface';
import { isEdmpError, singleFrame, withDeadline } from '@edmp/interface';
import type { MarketContext } from '../context.ts';
import { MarketError } from '../errors.ts';
import type { TradeBlocks } from '../ledger/trade-outcome.ts';
import { checkCounterparty } from '../risk/check.ts';
import {
  COMPLAINT_TYPE,
  complaintToTx,
  MAX_INLINE_PROOF_BYTES,
  RELEASE_TYPE,
  referenceToTx,
  releaseToTx,
  TRADE_TYPE,
  tradeToTx,
  WITHDRAWAL_TYPE,
} from './blocks.ts';
import {
  decodeNegotiateReply,
  encodeNegotiateRequest,
  NEGOTIATE_PROTOCOL,
  WITNESS_PROTOCOL,
} from './messages.ts';
import type { TradeAction } from './state-machine.ts';
import { settlementTrade } from './terms.ts';
import type { LiveTrade } from './trade-engine.ts';

/** Only this kind of proof reveals no readings, so only it may stand on the chain (DESIGN §1.6). */
const PUBLIC_PROOF_KIND = 'wrong-key';

/** Performs a row's action. What it signs shows on the chain, where the next look at the table finds it. */
export async function performAction(
  context: MarketContext,
  live: LiveTrade,
  action: TradeAction,
  save: () => Promise<void>,
): Promise<void> {
  switch (action) {
    case 'propose':
      return propose(context, live, save);
    case 'agree':
      return agree(context, live, save);
    case 'release':
      return release(context, live);
    case 'open':
      return open(context, live, save);
    case 'withdraw':
      return withdraw(context, live);
    default:
      return;
  }
}

function blocksOf(context: MarketContext, live: LiveTrade): TradeBlocks {
  const seen = context.ledger.trade(live.record.encoded.id);
  if (seen === undefined) throw new MarketError('ERR_TRADE_STATE', 'No block of this trade is known yet');
  return seen.blocks;
}

function documentOf(live: LiveTrade): DatasetDocument {
  const { document } = live.ask;
  if (document === undefined) throw new MarketError('ERR_MARKET_FORMAT', 'Expected an ask, got a bid');
  return document;
}

/** Work that must end by a deadline of the terms. */
function until<T>(
  context: MarketContext,
  deadline: number,
  what: string,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { environment } = context;
  return withDeadline(environment, Math.max(1, deadline - environment.now()), what, task, {
    signal: context.signal,
  });
}

async function propose(context: MarketContext, live: LiveTrade, save: () => Promise<void>): Promise<void> {
  const { settlement, trustchain } = context;
  const { record } = live;
  const { encoded, sellerSignature, buyerSignature } = record;
  if (sellerSignature === null || buyerSignature === null) {
    throw new MarketError('ERR_TRADE_STATE', 'Expected terms that both sides signed');
  }
  const { deliver } = encoded.terms.deadlines;
  let { delivery } = record;
  if (delivery === null) {
    try {
      delivery = await until(context, deliver, 'sealing the data', (signal) =>
        settlement.seal(settlementTrade(encoded), { signal }),
      );
    } catch (cause) {
      if (!isEdmpError(cause) || cause.retryable || cause.code === 'ERR_ABORTED') throw cause;
      throw new MarketError('ERR_TRADE_LOCAL', `The data could not be sealed: ${cause.message}`, { cause });
    }
    record.delivery = delivery;
    await save();
  }
  const { settlementRoot, chunks, bytes } = delivery;
  const block = await trustchain.propose(
    {
      peer: encoded.terms.buyer,
      type: TRADE_TYPE,
      tx: tradeToTx({ encoded, sellerSignature, buyerSignature, settlementRoot, chunks, bytes }),
    },
    { signal: context.signal },
  );
  context.ledger.apply(block);
}

async function agree(context: MarketContext, live: LiveTrade, save: () => Promise<void>): Promise<void> {
  const { network, settlement, trustchain, ledger } = context;
  const { record } = live;
  const { encoded } = record;
  const { seller, deadlines } = encoded.terms;
  const { proposal, trade } = blocksOf(context, live);
  if (proposal === undefined) throw new MarketError('ERR_TRADE_STATE', 'The trade proposal is not known yet');
  const { settlementRoot, chunks, bytes } = trade;
  let { delivery } = record;
  if (delivery === null) {
    const reply = decodeNegotiateReply(
      await singleFrame(
        network.request(
          seller,
          NEGOTIATE_PROTOCOL,
          encodeNegotiateRequest({ kind: 'manifest', trade: encoded.digest }),
          { signal: context.signal, timeoutMs: context.durations.negotiate, maxFrameBytes: 4_096 },
        ),
      ),
    );
    if (reply.kind !== 'manifest') {
      throw new MarketError('ERR_TRADE_DELIVERY', 'The seller did not say where the ciphertext is', {
        retryable: true,
      });
    }
    delivery = { settlementRoot, manifest: reply.manifest, chunks, bytes };
    record.delivery = delivery;
    await save();
  }
  const fetched = delivery;
  try {
    await until(context, deadlines.accept, 'fetching the ciphertext', (signal) =>
      settlement.receive(settlementTrade(encoded), documentOf(live), fetched, { signal }),
    );
    await context.chains.sync(seller);
    // Other sales of the same data count against the supply once their buyers' answers are known.
    const others = ledger
      .tradesIn(encoded.terms.asset)
      .some(({ id, outcome }) => id !== encoded.id && outcome === 'open');
    if (others) await context.chains.sync(seller, { links: true });
    await checkCounterparty({ policy: context.risk, trustchain, ledger }, encoded, live.ask, context.self);
  } catch (error) {
    if (!isEdmpError(error)) throw error;
    const mismatch = error.code === 'ERR_SETTLEMENT_DELIVERY' || error.code === 'ERR_CONTENT_HASH';
    const risky = error.code.startsWith('ERR_RISK_') && !error.retryable;
    if (!mismatch && !risky) throw error;
    await trustchain.refuse(proposal.id, error.code, { signal: context.signal });
    throw new MarketError(
      mismatch ? 'ERR_TRADE_DELIVERY' : (error.code as MarketError['code']),
      error.message,
      { cause: error },
    );
  }
  const agreement = await trustchain.agree(proposal.id, undefined, { signal: context.signal });
  ledger.apply(agreement);
  context.background('publishing an agreement', () => context.publish(agreement));
}

async function release(context: MarketContext, live: LiveTrade): Promise<void> {
  const { settlement, trustchain, ledger } = context;
  const { encoded } = live.record;
  const { buyer, deadlines, price } = encoded.terms;
  const { proposal } = blocksOf(context, live);
  if (proposal === undefined) throw new MarketError('ERR_TRADE_STATE', 'The trade proposal is not known');
  if (context.risk.refuseFraud && ((await trustchain.isFraudulent(buyer)) || ledger.isFrozen(buyer))) {
    throw new MarketError('ERR_RISK_FRAUD', 'Fraud by the buyer is proven; the key stays here');
  }
  if (context.risk.requireBalance && ledger.balance(buyer, price.currency).available < 0n) {
    throw new MarketError(
      'ERR_RISK_BALANCE',
      'The buyer has agreed to more than it owns; the key stays here',
    );
  }
  const wrappedKey = await until(context, deadlines.release, 'wrapping the key', (signal) =>
    settlement.release(settlementTrade(encoded), { signal }),
  );
  const block = await trustchain.propose(
    {
      peer: buyer,
      type: RELEASE_TYPE,
      tx: releaseToTx({
        trade: encoded.digest,
        proposal: proposal.id,
        wrappedKey,
        deadline: deadlines.complain,
      }),
    },
    { signal: context.signal },
  );
  ledger.apply(block);
  for (const witness of encoded.terms.witnesses) {
    context.background('asking a witness', async () => {
      const receipt = await singleFrame(
        context.network.request(witness, WITNESS_PROTOCOL, block.bytes, {
          signal: context.signal,
          timeoutMs: context.durations.negotiate,
          maxFrameBytes: 66 * 1024,
        }),
      );
      await trustchain.receive(receipt);
    });
  }
}

async function open(context: MarketContext, live: LiveTrade, save: () => Promise<void>): Promise<void> {
  const { settlement, trustchain, ledger, crypto } = context;
  const { record } = live;
  const { encoded, delivery } = record;
  const { release: released, trade } = blocksOf(context, live);
  if (released === undefined || delivery === null) {
    throw new MarketError('ERR_TRADE_STATE', 'The key was not released yet');
  }
  const document = documentOf(live);
  const outcome = await settlement.open(
    settlementTrade(encoded),
    document,
    delivery,
    released.tx.wrappedKey,
    {
      signal: context.signal,
    },
  );
  if (outcome.kind === 'opened') {
    const receipt = await trustchain.agree(released.block.id, undefined, { signal: context.signal });
    ledger.apply(receipt);
    return;
  }
  record.proof = outcome.proof;
  await save();
  ledger.addEvidence(outcome.proof);
  const judged: JudgedTrade = {
    ...settlementTrade(encoded),
    document,
    settlementRoot: trade.settlementRoot,
    wrappedKey: released.tx.wrappedKey,
  };
  const { kind } = settlement.judge(judged, outcome.proof);
  const inline = kind === PUBLIC_PROOF_KIND && outcome.proof.length <= MAX_INLINE_PROOF_BYTES;
  const complaint = await trustchain.propose(
    {
      peer: encoded.terms.seller,
      type: COMPLAINT_TYPE,
      tx: complaintToTx({
        trade: encoded.digest,
        release: released.block.id,
        kind: kind.slice(0, 32),
        digest: crypto.sha256(outcome.proof),
        proof: inline ? outcome.proof : null,
      }),
    },
    { signal: context.signal },
  );
  await settleOwn(context, complaint);
}

async function withdraw(context: MarketContext, live: LiveTrade): Promise<void> {
  const { encoded } = live.record;
  const { proposal } = blocksOf(context, live);
  if (proposal === undefined) throw new MarketError('ERR_TRADE_STATE', 'The trade proposal is not known');
  const block = await context.trustchain.propose(
    {
      peer: encoded.terms.seller,
      type: WITHDRAWAL_TYPE,
      tx: referenceToTx({ trade: encoded.digest, block: proposal.id }),
    },
    { signal: context.signal },
  );
  await settleOwn(context, block);
}

/** Takes a block that undoes a trade into the ledger and tells the market that the orders are open again. */
async function settleOwn(context: MarketContext, block: HalfBlock): Promise<void> {
  context.ledger.apply(block);
  await context.publish(block);
}
