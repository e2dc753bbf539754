import type { Commodity, Consumption, Descriptor, Flow, IntervalStep } from '@edmp/interface';
import {
  ATTESTATION_LEVELS,
  COMMODITIES,
  ENERGY_UNITS,
  FLOWS,
  HOUSEHOLD_KINDS,
  INTERVAL_STEPS,
  OCCUPANT_BUCKETS,
} from '@edmp/interface/dataset';
import type { ConsentRecords, RecordJson } from '@edmp/oehu-client/consent';
import * as z from 'zod';
import type {
  BookOrderView,
  ChainBlockView,
  ClaimView,
  ConsentLogView,
  ConsentView,
  ContentLinkView,
  CurrencyView,
  CurveView,
  DealView,
  DeliveryView,
  ErasureView,
  ListingView,
  MatchmakerView,
  MeterView,
  NodeEvent,
  NodeInfo,
  OrderView,
  PublishedView,
  RevealsView,
  TradeEvidenceView,
  TradeProofView,
  TradeView,
  TransferView,
  WalletTransactionView,
  WalletView,
} from '../service.ts';
import { amount, bytes, count, time } from './codecs.ts';

// Each schema is a codec between the service's type and its JSON form: the server encodes with it, the client
// decodes with it, and the OpenAPI document describes its JSON side.

/** See `Commodity`. */
export const commodity: z.ZodType<Commodity, Commodity> = z.enum(COMMODITIES);
/** See `Flow`. */
export const flow: z.ZodType<Flow, Flow> = z.enum(FLOWS);
/** See `IntervalStep`. */
export const step: z.ZodType<IntervalStep, IntervalStep> = z.enum(INTERVAL_STEPS);
/** How exactly a listing tells the place. */
export const accuracy: z.ZodType<
  'street' | 'town' | 'region' | 'hidden',
  'street' | 'town' | 'region' | 'hidden'
> = z.enum(['street', 'town', 'region', 'hidden']);

/** See `Descriptor`. */
export const descriptor: z.ZodType<Descriptor> = z.object({
  commodity,
  flow,
  unit: z.enum(ENERGY_UNITS),
  step,
  zone: z.string(),
  from: z.string(),
  to: z.string(),
  count,
  gaps: count,
  cell: z.string().nullable(),
  household: z
    .object({
      kind: z.enum(HOUSEHOLD_KINDS),
      occupants: z.enum(OCCUPANT_BUCKETS).nullable(),
    })
    .nullable(),
  attestation: z.enum(ATTESTATION_LEVELS),
  verified: count,
  pseudonym: bytes,
  licence: z.string(),
  purposes: z.array(z.string()),
  consent: bytes.nullable(),
  title: z.string(),
});

/** See `Consumption`. */
export const consumption: z.ZodType<Consumption> = z.object({
  values: z.array(z.int().nullable()),
  quality: bytes,
  offsetMinutes: z.int(),
});

/** See `NodeInfo`. */
export const nodeInfo: z.ZodType<NodeInfo> = z.object({
  name: z.string(),
  version: z.string(),
  key: z.string(),
  addresses: z.array(z.string()),
  peers: z.array(z.string()),
  matchmaker: z.boolean(),
  witnessKeys: z.array(z.string()),
  meterSource: z.string().nullable(),
  now: time,
});

/** See `MeterView`. */
export const meter: z.ZodType<MeterView> = z.object({
  id: z.string(),
  source: z.string(),
  mount: z.string().nullable(),
  label: z.string(),
  lastUpdate: time.nullable(),
  zone: z.string(),
  cells: z.array(z.object({ accuracy, cell: z.string().nullable(), widened: z.boolean().optional() })),
  commodities: z.array(z.object({ commodity, flow })),
});

/** See `CurveView`. */
export const curve: z.ZodType<CurveView> = z.object({
  commodity,
  flow,
  unit: z.string(),
  step,
  zone: z.string(),
  start: time,
  values: z.array(z.int().nullable()),
  attestation: z.string(),
  verified: count,
});

/** See `ListingView`. */
export const listing: z.ZodType<ListingView> = z.object({
  order: z.string(),
  asset: z.string(),
  seller: z.string(),
  own: z.boolean(),
  descriptor,
  price: amount,
  currency: z.string(),
  currencyLabel: z.string(),
  remaining: count,
  listed: time,
  expires: time,
});

const side = z.enum(['ask', 'bid']);

/** See `OrderView`. */
export const order: z.ZodType<OrderView> = z.object({
  order: z.string(),
  side,
  asset: z.string(),
  price: amount,
  currency: z.string(),
  currencyLabel: z.string(),
  quantity: count,
  filled: count,
  reserved: count,
  status: z.enum(['open', 'completed', 'cancelled', 'expired']),
  created: time,
  expires: time,
  number: count,
  aside: z
    .array(z.object({ ask: z.string(), code: z.string(), reason: z.string(), again: time.nullable() }))
    .readonly(),
});

/** See `BookOrderView`. */
export const bookOrder: z.ZodType<BookOrderView> = z.object({
  order: z.string(),
  side,
  number: count,
  trader: z.string(),
  asset: z.string(),
  price: amount,
  currency: z.string(),
  currencyLabel: z.string(),
  quantity: count,
  filled: count,
  created: time,
  expires: time,
});

/** See `TradeView`. */
export const trade: z.ZodType<TradeView> = z.object({
  id: z.string(),
  role: z.enum(['seller', 'buyer']),
  asset: z.string(),
  order: z.string(),
  partner: z.string(),
  partnerOrder: z.string(),
  price: amount,
  currency: z.string(),
  currencyLabel: z.string(),
  state: z.string(),
  stateText: z.string(),
  final: z.boolean(),
  witnesses: z.array(z.string()),
  failed: z.string().nullable(),
  steps: z.array(
    z.object({
      name: z.string(),
      at: time.nullable(),
      block: z.string().nullable(),
      signedBy: z.enum(['seller', 'buyer']).nullable(),
    }),
  ),
  atRisk: amount,
  started: time,
  updated: time,
});

/** See `DeliveryView`. */
export const delivery: z.ZodType<DeliveryView> = z.object({
  trade: z.string(),
  asset: z.string(),
  descriptor,
  consumption,
  curve,
});

/** See `TradeEvidenceView`. */
export const tradeEvidence: z.ZodType<TradeEvidenceView> = z.object({
  trade: z.string(),
  hold: z.string().nullable(),
  outcome: z.string().nullable(),
  certificates: z.array(
    z.object({ kind: z.string(), subject: z.string(), signers: z.array(z.string()), bytes }),
  ),
});

/** See `DealView`. */
export const deal: z.ZodType<DealView> = z.object({ trade: z.string(), bytes });

/** See `TradeProofView`. */
export const tradeProof: z.ZodType<TradeProofView> = z.object({
  kind: z.string(),
  against: z.enum(['seller', 'buyer']),
  guilty: z.boolean(),
  reason: z.string(),
  bytes,
});

/** See `ErasureView`. */
export const erasure: z.ZodType<ErasureView> = z.object({
  keysDestroyed: count,
  blocksDeleted: count,
  unreachable: z.array(z.string()).readonly(),
});

/** See `CurrencyView`. */
export const currency: z.ZodType<CurrencyView> = z.object({
  id: z.string(),
  label: z.string(),
  name: z.string(),
  precision: count,
  test: z.boolean(),
  issuer: z.string().nullable(),
  notaries: z.array(z.string()),
  own: z.boolean(),
  chosen: z.boolean(),
  block: bytes.nullable(),
});

/** See `TransferView`. */
export const transfer: z.ZodType<TransferView> = z.object({ id: z.string() });

/** See `ClaimView`. */
export const claim: z.ZodType<ClaimView> = z.object({ id: z.string().nullable() });

/** See `WalletView`. */
export const wallet: z.ZodType<WalletView> = z.object({
  id: z.string(),
  name: z.string(),
  symbol: z.string(),
  test: z.boolean(),
  address: z.string(),
  precision: count,
  minUnit: amount,
  available: amount,
  held: amount,
  pending: amount,
  earned: amount,
});

/** See `WalletTransactionView`. */
export const walletTransaction: z.ZodType<WalletTransactionView> = z.object({
  id: z.string(),
  direction: z.enum(['in', 'out']),
  asset: z.string(),
  amount,
  counterparty: z.string().nullable(),
  time,
  description: z.string(),
  status: z.enum(['pending', 'held', 'final', 'returned']),
  trade: z.string().nullable(),
});

/** See `ChainBlockView`. */
export const block: z.ZodType<ChainBlockView> = z.object({
  id: z.string(),
  author: z.string(),
  seq: count,
  prev: z.string().nullable(),
  peer: z.string().nullable(),
  link: z.string().nullable(),
  type: z.string(),
  time,
  level: z.string(),
  bytes: count,
});

/** See `MatchmakerView`. */
export const matchmaker: z.ZodType<MatchmakerView> = z.object({
  key: z.string(),
  address: z.string().nullable(),
});

/** See `ConsentView`. */
export const consent: z.ZodType<ConsentView> = z.object({
  id: z.string(),
  asset: z.string().nullable(),
  digest: z.string(),
  what: z.string(),
  from: z.string(),
  to: z.string(),
  finestStep: step,
  place: z.enum(['none', 'region', 'town', 'street']),
  household: z.boolean(),
  purposes: z.array(z.string()),
  recipients: z.string(),
  licence: z.string(),
  given: time,
  validUntil: time,
  withdrawn: time.nullable(),
});

/** See `ConsentLogView`. */
export const consentLogEntry: z.ZodType<ConsentLogView> = z.object({
  at: time,
  event: z.enum(['granted', 'listed', 'sealed', 'delivered', 'refused', 'withdrawn', 'erased']),
  consent: z.string(),
  detail: z.string(),
});

/** Some JSON: its fields are those of the structure that a record follows. */
const recordPart = z.record(z.string(), z.custom<RecordJson>());

/** See `ConsentRecords` of `@edmp/oehu-client/consent`. */
export const consentRecords: z.ZodType<ConsentRecords> = z.object({
  structure: z.literal('ISO/IEC TS 27560:2023'),
  schema_version: z.literal('edmp/consent-records/1'),
  exported: z.string(),
  records: z.array(
    z.object({
      record_header: z.object({
        schema_version: z.string(),
        record_id: z.string(),
        pii_principal_id: z.string(),
      }),
      pii_processing: recordPart,
      party_identification: z.array(recordPart),
      event: z.array(recordPart),
    }),
  ),
});

/** See `RevealsView`. */
export const reveals: z.ZodType<RevealsView> = z.object({
  step,
  found: z.array(
    z.object({
      kind: z.string(),
      sensitivity: z.enum(['low', 'medium', 'high']),
      text: z.string(),
      days: z.array(z.string()),
    }),
  ),
});

/** See `PublishedView`. */
export const published: z.ZodType<PublishedView> = z.object({
  name: z.string(),
  root: z.string(),
  blocks: z.int(),
  at: time,
});

/** See `ContentLinkView`. */
export const contentLink: z.ZodType<ContentLinkView> = z.object({
  trade: z.string(),
  manifest: z.string(),
  capability: z.string(),
  path: z.string(),
});

/** See `NodeEvent`. */
export const nodeEvent: z.ZodType<NodeEvent> = z.object({
  type: z.enum(['listing', 'order', 'trade', 'wallet', 'peer', 'fraud', 'meter']),
  at: time,
  id: z.string(),
  text: z.string(),
});

/** What the events `ready` and `time` of the stream say. */
export interface ClockView {
  /** The node's clock when it sent the event, ms since the epoch. */
  readonly now: number;
  /** Of `ready`: everything since the reader's last event follows, so that nothing need be read again. */
  readonly resumed?: boolean;
}

/** See {@link ClockView}. */
export const clock: z.ZodType<ClockView> = z.object({ now: time, resumed: z.boolean().exactOptional() });

/** Body of every error answer of `/v1`. */
export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string };
}

/** See {@link ErrorBody}. */
export const errorBody: z.ZodType<ErrorBody> = z.object({
  error: z.object({
    code: z.string().meta({ examples: ['ERR_INVALID_ARGUMENT'] }),
    message: z.string(),
  }),
});

/** Lists are objects with one key, so that fields can be added later. */
export function list<K extends string, T>(key: K, item: z.ZodType<T>): z.ZodType<Record<K, readonly T[]>> {
  return z.object({ [key]: z.array(item) }) as unknown as z.ZodType<Record<K, readonly T[]>>;
}
