import type { Context } from 'hono';
import { bodyText } from '../body-text.ts';
import type { BodyLimits } from '../request-body.ts';
import { arrived } from '../request-body.ts';

const LARGEST = 2n ** 63n - 1n;
const MAX_TIMEOUT_S = 86_400;
const DEFAULT_TIMEOUT_S = 3_600;

/** A request that the compatible routes refuse; the text is for people, as EDMP's was. */
export class CompatRefusal extends Error {
  readonly status: 400 | 404;

  constructor(status: 400 | 404, text: string) {
    super(text);
    this.name = 'CompatRefusal';
    this.status = status;
  }
}

/** An order as EDMP's parameters put it: `first` is money, `second` a number of licences of an `EW…` asset. */
export interface CompatOrder {
  readonly asset: string;
  /** Price of one licence, minor units. */
  readonly price: bigint;
  readonly currency: string;
  readonly licences: number;
  readonly timeoutMs: number;
}

/** The fields of a form-encoded (EDMP) or JSON (AnyDex) body. */
export async function compatFields(
  context: Context,
  limits: BodyLimits,
): Promise<Readonly<Record<string, unknown>>> {
  const text = await arrived(limits, () => bodyText(context.req.raw, limits.maxBytes));
  const type = (context.req.header('content-type') ?? '').toLowerCase();
  if (type.startsWith('application/json') || /^\s*\{/.test(text)) {
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
    } catch {
      // Falls through to the refusal: both kinds of bad JSON get the same text.
    }
    throw new CompatRefusal(400, 'the body must be a JSON object or form-encoded');
  }
  return Object.fromEntries(new URLSearchParams(text));
}

/** Checks the fields of `PUT /market/asks` and `/market/bids`. Throws {@link CompatRefusal}. */
export function compatOrder(fields: Readonly<Record<string, unknown>>): CompatOrder {
  const present = (name: string): boolean => fields[name] !== undefined && fields[name] !== '';
  if (!present('first_asset_amount') || !present('second_asset_amount')) {
    throw new CompatRefusal(400, 'asset amount parameter missing');
  }
  if (!present('first_asset_type') || !present('second_asset_type')) {
    throw new CompatRefusal(400, 'asset type parameter missing');
  }
  const money = integer(fields.first_asset_amount, 'first_asset_amount', LARGEST);
  const licences = integer(fields.second_asset_amount, 'second_asset_amount', 1_000_000n);
  const currency = fields.first_asset_type;
  const asset = fields.second_asset_type;
  if (typeof currency !== 'string' || !/^[A-Z][A-Z0-9]{1,11}$/.test(currency) || currency.startsWith('EW')) {
    throw new CompatRefusal(400, 'first_asset_type must be a currency such as DUM1');
  }
  if (typeof asset !== 'string' || !/^EW[\w.-]{1,198}$/.test(asset)) {
    throw new CompatRefusal(400, 'second_asset_type must be EW followed by the id of a dataset');
  }
  if (money % licences !== 0n) {
    throw new CompatRefusal(400, 'first_asset_amount must be a whole number of units for each licence');
  }
  const timeout = present('timeout')
    ? integer(fields.timeout, 'timeout', BigInt(MAX_TIMEOUT_S))
    : BigInt(DEFAULT_TIMEOUT_S);
  return {
    asset,
    price: money / licences,
    currency,
    licences: Number(licences),
    timeoutMs: Number(timeout) * 1000,
  };
}

/** Checks the fields of `POST /wallets/{id}/transfer`. Throws {@link CompatRefusal}. */
export function compatTransfer(fields: Readonly<Record<string, unknown>>): {
  readonly to: string;
  readonly amount: bigint;
} {
  const { amount, destination } = fields;
  if (amount === undefined || amount === '' || destination === undefined || destination === '') {
    throw new CompatRefusal(400, 'an amount and a destination address are required');
  }
  // An address is a payee's key, with a prefix in some wallets.
  const [, to] = /^(?:[A-Z]\w{0,15}[:-])?([0-9a-f]{64})$/.exec(String(destination)) ?? [];
  if (to === undefined)
    throw new CompatRefusal(400, 'destination must be a public key of 64 hexadecimal digits');
  return { to, amount: integer(amount, 'amount', LARGEST) };
}

function integer(value: unknown, name: string, largest: bigint): bigint {
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== 'string' || !/^[1-9]\d{0,18}$/.test(text) || BigInt(text) > largest) {
    throw new CompatRefusal(400, `${name} must be a whole number from 1 to ${largest}`);
  }
  return BigInt(text);
}
