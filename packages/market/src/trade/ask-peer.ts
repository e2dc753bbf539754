import type { AbortOptions, Network, PublicKey } from '@edmp/interface';
import { singleFrame } from '@edmp/interface';
import {
  decodeTradeReply,
  encodeTradeRequest,
  MAX_TRADE_REPLY_BYTES,
  TRADE_PROTOCOL,
  type TradeReply,
  type TradeRequest,
} from './messages.ts';

/** Sends one request of {@link TRADE_PROTOCOL} and reads the answer. Throws `ERR_NETWORK_*`, `ERR_TIMEOUT`, `ERR_MARKET_FORMAT`. */
export async function askPeer(
  network: Pick<Network, 'request'>,
  peer: PublicKey,
  request: TradeRequest,
  options: AbortOptions & { readonly timeoutMs: number },
): Promise<TradeReply> {
  return decodeTradeReply(
    await singleFrame(
      network.request(peer, TRADE_PROTOCOL, encodeTradeRequest(request), {
        ...options,
        maxFrameBytes: MAX_TRADE_REPLY_BYTES,
      }),
    ),
  );
}
