import type { IncomingRequest, Network, PublicKey } from '@edmp/interface';
import type { TokenBuckets } from '@edmp/interface/bounded';
import { hex } from '../codec/fields.ts';
import type { BuyerWork } from '../trade/buyer-work.ts';
import type { TradeEngine } from '../trade/engine.ts';
import { decline, type HoldDesk } from '../trade/hold-desk.ts';
import {
  decodeTradeRequest,
  encodeTradeReply,
  MAX_TRADE_REQUEST_BYTES,
  TRADE_PROTOCOL,
  type TradeReply,
  type TradeRequest,
} from '../trade/messages.ts';
import type { TradeChain } from '../trade/needs.ts';
import { holdOfRelease } from '../trade/shown-release.ts';
import type { SellerNegotiation } from './seller.ts';

/** Requests that one peer may have open at once: holds wait for witnesses. */
const MAX_OPEN_PER_PEER = 32;
/** Pause after which a peer that asked too often may ask again, ms. */
const RATE_RETRY_MS = 1_000;

/** What {@link serveTrades} works with. */
export interface TradeServiceNeeds {
  readonly network: Pick<Network, 'handle'>;
  readonly chain: TradeChain;
  readonly engine: TradeEngine;
  readonly sellers: SellerNegotiation;
  readonly holds: HoldDesk;
  readonly buyers: BuyerWork;
  readonly rate: TokenBuckets;
}

/** Serves the trade protocol until the returned function is called. */
export function serveTrades(needs: TradeServiceNeeds): () => void {
  const answer = async ({ from, body, signal }: IncomingRequest): Promise<TradeReply> => {
    if (!needs.rate.take(hex(from))) return decline('busy', 'too many requests', { retryMs: RATE_RETRY_MS });
    const request = decodeTradeRequest(body);
    switch (request.kind) {
      case 'propose':
        return needs.sellers.propose(from, request, { signal });
      case 'hold':
        return needs.holds.show(from, request, { signal });
      case 'release':
        return takeRelease(needs, from, request);
    }
  };
  return needs.network.handle(TRADE_PROTOCOL, async (request) => encodeTradeReply(await answer(request)), {
    maxRequestBytes: MAX_TRADE_REQUEST_BYTES,
    maxConcurrentPerPeer: MAX_OPEN_PER_PEER,
  });
}

/** A seller hands over the key of a hold. */
async function takeRelease(
  { chain, engine, buyers }: TradeServiceNeeds,
  from: PublicKey,
  request: Extract<TradeRequest, { kind: 'release' }>,
): Promise<TradeReply> {
  const received = await chain.receive(request.release);
  const hold = holdOfRelease(received.block, from);
  const trade = hold === undefined ? undefined : engine.ofHold(hold);
  if (trade === undefined || trade.role !== 'buyer')
    return decline('unknown', 'no hold of this node is named');
  buyers.take(trade, received, request.opener);
  engine.poke(trade);
  return { kind: 'ok' };
}
