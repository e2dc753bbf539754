import type { IntervalStep } from '@edmp/interface';
import { nominalStepMinutes } from '@edmp/interface/dataset';
import { DEFAULT_LISTING_STEP } from '@edmp/oehu-client/privacy';
import * as z from 'zod';
import {
  type AskRequest,
  type BlockQuery,
  type BuyRequest,
  type CurrencyRequest,
  type CurveQuery,
  LISTING_SORTS,
  type ListingFilter,
  type OfferRequest,
  type TransferRequest,
} from '../service.ts';
import { bytes, countText, day, identifier, meterId, price, text } from './codecs.ts';
import { accuracy, commodity, flow, step } from './views.ts';

const DAY_MS = 86_400_000;
const MAX_INTERVALS = 50_000;

interface Span {
  readonly from: string;
  readonly to: string;
  readonly step: IntervalStep;
}

function checkSpan(span: Span, context: z.RefinementCtx): void {
  const days = (Date.parse(span.to) - Date.parse(span.from)) / DAY_MS + 1;
  if (days < 1) {
    context.addIssue({ code: 'custom', path: ['to'], message: 'the last day must not be before the first' });
  } else if ((days * 1440) / nominalStepMinutes(span.step) > MAX_INTERVALS) {
    context.addIssue({
      code: 'custom',
      path: ['to'],
      message: `at most ${MAX_INTERVALS} intervals; take fewer days or a longer step`,
    });
  }
}

const currency = z
  .string()
  .regex(/^(?:DUM[12]|bafyrei[a-z2-7]{52})$/, 'DUM1, DUM2 or the id of an issued currency');
const publicKey = z.string().regex(/^[0-9a-f]{64}$/, 'a public key of 64 lower-case hexadecimal characters');
const asset = z.string().regex(/^EW[a-z0-9]{10,110}$/, 'EW and the CID of a dataset');
const supply = z.int().min(1).max(1_000_000);
const lifetimeMs = z
  .int()
  .min(1_000)
  .max(366 * DAY_MS)
  .meta({ description: 'Life of the order, milliseconds' });
const curveFields = {
  from: day,
  to: day,
  commodity,
  flow,
  step: step.default(DEFAULT_LISTING_STEP),
};

/** Query of `GET /v1/meters/{id}/curve` and `/reveals`: at most 50 000 intervals. */
export const curveQuery: z.ZodType<Omit<CurveQuery, 'meter'>> = z
  .strictObject(curveFields)
  .superRefine(checkSpan);

/** Body of `POST /v1/offers`. */
export const offerRequest: z.ZodType<OfferRequest> = z
  .strictObject({
    meter: meterId,
    ...curveFields,
    title: text(1, 200),
    price,
    currency,
    supply,
    accuracy,
    purposes: z.array(text(1, 64)).min(1, 'at least one purpose that the data may be used for').max(16),
    shareHousehold: z.boolean().exactOptional(),
    allowPersonalText: z.boolean().exactOptional(),
    lifetimeMs,
  })
  .superRefine(checkSpan);

/** Body of `POST /v1/asks`. */
export const askRequest: z.ZodType<AskRequest> = z.strictObject({
  asset,
  price,
  currency,
  supply,
  lifetimeMs,
});

/** Body of `POST /v1/bids`. */
export const buyRequest: z.ZodType<BuyRequest> = z.strictObject({
  asset,
  price: price.exactOptional(),
  currency: currency.exactOptional(),
  lifetimeMs: lifetimeMs.exactOptional(),
  again: z.boolean().exactOptional(),
  keepTrying: z.boolean().exactOptional(),
  spotCheck: z.int().min(1).max(32).exactOptional(),
});

/** Body of `POST /v1/currencies`. */
export const currencyRequest: z.ZodType<CurrencyRequest> = z.strictObject({
  label: z
    .string()
    .regex(/^[A-Z][A-Z0-9]{1,11}$/, 'a label of 2 to 12 upper-case letters and digits, a letter first'),
  precision: z.int().min(0).max(8).exactOptional(),
  notaries: z.array(publicKey).min(1).max(7).exactOptional(),
});

/** Body of `POST /v1/currencies/known`. */
export const currencyBlock: z.ZodType<{ readonly block: Uint8Array }, { readonly block: string }> =
  z.strictObject({ block: bytes });

/** Body of `POST /v1/wallets/{id}/transfers`. */
export const transferRequest: z.ZodType<Omit<TransferRequest, 'wallet'>> = z.strictObject({
  to: publicKey,
  amount: price,
  memo: text(1, 64).exactOptional(),
});

/** Body of `POST /v1/wallets/{id}/claims`. */
export const nothing: z.ZodType<object> = z.strictObject({});

/** Query of `GET /v1/listings`; every field narrows. */
export const listingQuery: z.ZodType<ListingFilter> = z.strictObject({
  text: text(1, 200).exactOptional(),
  commodity: commodity.exactOptional(),
  flow: flow.exactOptional(),
  step: step.exactOptional(),
  from: day.exactOptional(),
  to: day.exactOptional(),
  cell: z
    .string()
    .regex(/^[0-9b-hjkmnp-z]{1,12}$/, 'a geohash')
    .exactOptional(),
  maxPrice: price.exactOptional(),
  asset: asset.exactOptional(),
  sort: z.enum(LISTING_SORTS).exactOptional(),
  limit: countText(1, 1000).exactOptional(),
});

/** Query of `GET /v1/blocks`. */
export const blockQuery: z.ZodType<BlockQuery> = z
  .strictObject({
    author: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'a public key of 64 lower-case hexadecimal characters')
      .exactOptional(),
    after: countText(0, 2 ** 31).exactOptional(),
    limit: countText(1, 500).exactOptional(),
  })
  .transform((query) => ({ ...query, limit: query.limit ?? 100 }));

/** Query of `GET /v1/trades/{id}/data`. */
export const dataQuery: z.ZodType<{ readonly format: 'json' | 'csv' }> = z
  .strictObject({ format: z.enum(['json', 'csv']).exactOptional() })
  .transform((query) => ({ format: query.format ?? 'json' }));

/** Query of `GET /v1/trades/{id}/deal`. */
export const dealQuery: z.ZodType<{ readonly format: 'json' | 'file'; readonly withProof: boolean }> = z
  .strictObject({
    format: z.enum(['json', 'file']).exactOptional(),
    withProof: z.enum(['true', 'false']).exactOptional(),
  })
  .transform(({ format, withProof }) => ({ format: format ?? 'json', withProof: withProof === 'true' }));

/** Path with an id. */
export const idParams: z.ZodType<{ readonly id: string }> = z.strictObject({ id: identifier });
/** Path with a public key. */
export const keyParams: z.ZodType<{ readonly key: string }> = z.strictObject({ key: publicKey });
/** Path with a meter's id, which is whatever its source calls it. */
export const meterParams: z.ZodType<{ readonly id: string }> = z.strictObject({ id: meterId });
/** Answer of a cancellation. */
export const cancelled: z.ZodType<{ readonly cancelled: true }> = z.object({ cancelled: z.literal(true) });
