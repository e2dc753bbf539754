import { type AbortOptions, type PublicKey, publicKeyFromHex, publicKeyToHex } from '@edmp/interface';
import type { Market } from '@edmp/market';
import type { AgentTrust } from '@edmp/market/risk';
import type { TrustAdviceView, TrustBoundView, TrustView } from '../trust-service.ts';
import type { CurrencyNames } from './views.ts';

/** Most proofs that are handed out: one convicts. */
const MAX_PROOFS = 4;

/** What completed deals say of a key in every currency that the node's owner chose. */
export async function trustViews(
  market: Market,
  names: CurrencyNames,
  key: string,
  options: AbortOptions = {},
): Promise<readonly TrustView[]> {
  const agent = publicKeyFromHex(key);
  const views: TrustView[] = [];
  for (const { id } of market.currencies()) {
    if (market.isChosenCurrency(id)) views.push(trustView(await market.trust(agent, id, options), names));
  }
  return views;
}

function trustView(trust: AgentTrust, names: CurrencyNames): TrustView {
  const { agent: _, proofs, paths, bounds, advice, ...rest } = trust;
  return {
    ...rest,
    currencyLabel: names(trust.currency),
    proofs: proofs.slice(0, MAX_PROOFS),
    paths: paths.map(({ agents, amount }) => ({ agents: agents.map(publicKeyToHex), amount })),
    bounds: bounds.map(
      (bound): TrustBoundView =>
        bound.kind === 'standing'
          ? { ...bound, agent: publicKeyToHex(bound.agent) }
          : { ...bound, ...pair(bound) },
    ),
    advice: advice.map(
      (each): TrustAdviceView =>
        each.kind === 'more-standing'
          ? { ...each, agent: publicKeyToHex(each.agent) }
          : { ...each, ...pair(each) },
    ),
  };
}

function pair({ seller, buyer }: { readonly seller: PublicKey; readonly buyer: PublicKey }) {
  return { seller: publicKeyToHex(seller), buyer: publicKeyToHex(buyer) };
}
