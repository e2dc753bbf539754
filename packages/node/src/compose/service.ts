import { type Crypto, utf8ToBytes } from '@edmp/interface';
import type { MeterMounting } from '../meter-service.ts';
import type { Naming } from '../naming-service.ts';
import type { Networking } from '../network-service.ts';
import type { Practising } from '../practice-service.ts';
import type {
  ConsentService,
  LedgerService,
  NodeService,
  OfferService,
  OrderService,
  PublishingService,
  TradeService,
  WalletService,
} from '../service.ts';
import type { StorageKeeping } from '../storage-service.ts';
import type { TrustReading } from '../trust-service.ts';

/** What a service is made of; each part takes what it needs by name, and none knows another. */
export interface ServiceParts {
  readonly ledger: LedgerService;
  readonly meters: MeterMounting;
  readonly offers: OfferService;
  readonly orders: OrderService;
  readonly trades: TradeService;
  readonly wallets: WalletService;
  readonly consents: ConsentService;
  readonly trust: TrustReading;
  readonly peers: Networking;
  /** The owner's names for keys. */
  readonly naming: Naming;
  readonly practice: Practising;
  readonly storage: StorageKeeping;
  readonly published: PublishingService;
  readonly events: Pick<NodeService, 'on'>;
}

/** A {@link NodeService} of its parts. */
export function createService(parts: ServiceParts): NodeService {
  return {
    ...parts.ledger,
    ...parts.meters,
    ...parts.offers,
    ...parts.orders,
    ...parts.trades,
    ...parts.wallets,
    ...parts.consents,
    ...parts.trust,
    ...parts.peers,
    ...parts.naming,
    ...parts.practice,
    ...parts.storage,
    ...parts.published,
    ...parts.events,
  };
}

/** The secret from which listing pseudonyms are derived; one per identity. */
export function pseudonymKeyOf(crypto: Crypto, secretKey: Uint8Array): Uint8Array {
  return crypto.hmacSha256(secretKey, utf8ToBytes('edmp/pseudonym-key/v1'));
}
