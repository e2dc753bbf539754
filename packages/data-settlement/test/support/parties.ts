import { createSettlement, type DataSettlement, memoryContentStore } from '@edmp/data-settlement';
import {
  type ContentStore,
  type Crypto,
  type DatasetDocument,
  type JudgedTrade,
  type KeyValueStore,
  memoryKeyValueStore,
  type Network,
  type SealedDelivery,
  type SettlementTrade,
  type VirtualEnvironment,
  virtualEnvironment,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { expect } from 'vitest';
import { type DirectNetwork, directNetworks } from './direct-network.ts';
import { quarterHours, type Series } from './fixtures.ts';

export interface Party {
  readonly settlement: DataSettlement;
  readonly content: ContentStore;
  readonly secrets: KeyValueStore;
  readonly network: DirectNetwork;
}

export interface Parties {
  readonly crypto: Crypto;
  readonly environment: VirtualEnvironment;
  readonly seller: Party;
  readonly buyer: Party;
  readonly stranger: Party;
}

export function parties(seed = 1): Parties {
  const crypto = nodeCrypto();
  const environment = virtualEnvironment({ seed });
  const party = (network: DirectNetwork): Party => {
    const content = memoryContentStore({ crypto, environment });
    const secrets = memoryKeyValueStore();
    return {
      content,
      secrets,
      network,
      settlement: createSettlement({ crypto, environment, content, secrets, network }),
    };
  };
  const [a, b, c] = directNetworks(3);
  return { crypto, environment, seller: party(a!), buyer: party(b!), stranger: party(c!) };
}

export interface Deal {
  readonly trade: SettlementTrade;
  readonly document: DatasetDocument;
  readonly delivery: SealedDelivery;
}

/** A trade up to the point where the buyer has received everything. */
export async function receivedDeal(
  { seller, buyer, crypto }: Parties,
  series: Series = quarterHours(),
): Promise<Deal> {
  const { asset, document } = await seller.settlement.addDataset(series);
  const recipientKey = await buyer.settlement.createRecipientKey();
  const trade: SettlementTrade = {
    tradeId: crypto.sha256(recipientKey),
    asset,
    seller: seller.network.self,
    buyer: buyer.network.self,
    suite: 'x-wing',
    recipientKey,
  };
  const delivery = await seller.settlement.seal(trade);
  await buyer.settlement.receive(trade, document, delivery);
  return { trade, document, delivery };
}

export const judged = (deal: Deal, wrappedKey: Uint8Array): JudgedTrade => ({
  ...deal.trade,
  document: deal.document,
  settlementRoot: deal.delivery.settlementRoot,
  wrappedKey,
});

/** A party's settlement after its process ended and started again over the same stores. */
export function restarted(all: Parties, party: Party): Party {
  void party.settlement.stop();
  const { crypto, environment } = all;
  const { content, secrets, network } = party;
  return { ...party, settlement: createSettlement({ crypto, environment, content, secrets, network }) };
}

/** A trade up to the point where the seller has sealed. */
export async function sealedTrade(all: Parties, days = 1): Promise<Deal> {
  const { asset, document } = await all.seller.settlement.addDataset(quarterHours({ days }));
  const recipientKey = await all.buyer.settlement.createRecipientKey();
  const trade: SettlementTrade = {
    tradeId: all.crypto.sha256(recipientKey),
    asset,
    seller: all.seller.network.self,
    buyer: all.buyer.network.self,
    suite: 'x-wing',
    recipientKey,
  };
  return { trade, document, delivery: await all.seller.settlement.seal(trade) };
}

/** A network that serves nothing, for a second settlement over the same stores. */
export const quiet = (party: Party): Network => ({ ...party.network, handle: () => () => undefined });

/** Matches an error by its code. */
export const code = (text: string): unknown => expect.objectContaining({ code: text });
