import { EdmpError, isEdmpError } from '@edmp/interface';
import type { ErrorBody } from './views.ts';

/** Codes of {@link HttpError}. */
export type HttpErrorCode =
  /** 413: the request's body is larger than the node takes. */
  | 'ERR_HTTP_BODY_SIZE'
  /** 408: the request's body did not arrive in time. */
  | 'ERR_HTTP_BODY_TIME'
  /** 429: too many event streams are open. */
  | 'ERR_HTTP_BUSY'
  /** 403: the request is addressed to a host that this node does not answer for (DNS rebinding). */
  | 'ERR_HTTP_HOST'
  /** 400: the Idempotency-Key is malformed; 422: it was used for another request. */
  | 'ERR_HTTP_IDEMPOTENCY_KEY'
  /** 400: path, query or body is not what the OpenAPI document asks for. */
  | 'ERR_HTTP_INPUT'
  /** 405: this cannot be done at this path; `Allow` says what can. */
  | 'ERR_HTTP_METHOD'
  /** 406: the caller takes none of the kinds of answer that there are. */
  | 'ERR_HTTP_NOT_ACCEPTABLE'
  /** 415: the body is not sent as `application/json`. */
  | 'ERR_HTTP_MEDIA_TYPE'
  /** 404: there is no such route. */
  | 'ERR_HTTP_NOT_FOUND'
  /** 403: the request comes from a page of another site. */
  | 'ERR_HTTP_ORIGIN'
  /** 401: the node's token is missing or wrong. */
  | 'ERR_HTTP_UNAUTHORIZED';

/** A request that the HTTP layer itself refuses; carries its status. */
export class HttpError extends EdmpError {
  /** HTTP status, 4xx or 5xx. */
  readonly status: number;

  constructor(
    status: number,
    code: HttpErrorCode,
    message: string,
    options: { readonly cause?: unknown } = {},
  ) {
    super(code, message, options);
    this.name = 'HttpError';
    this.status = status;
  }
}

const STATUS: Readonly<Record<string, number>> = {
  ERR_INVALID_ARGUMENT: 400,
  ERR_NODE_CONFIG: 400,
  ERR_CONSENT_MISSING: 403,
  ERR_CONSENT_SCOPE: 403,
  ERR_ORDER_OWNER: 403,
  ERR_MARKET_UNKNOWN: 404,
  ERR_CURRENCY_UNKNOWN: 404,
  ERR_CURRENCY_LABEL: 409,
  ERR_METER_UNKNOWN_DEVICE: 404,
  ERR_CONTENT_NOT_FOUND: 404,
  ERR_NODE_NOT_FOUND: 404,
  ERR_SETTLEMENT_UNKNOWN_DATASET: 404,
  ERR_SETTLEMENT_UNKNOWN_TRADE: 404,
  ERR_IDEMPOTENCY: 422,
  ERR_NODE_CONFLICT: 409,
  ERR_NODE_NO_METER: 409,
  ERR_CONSENT_RECEIPT: 422,
  ERR_MARKET_FORMAT: 422,
  ERR_METER_PAIRING: 409,
  ERR_METER_RANGE: 422,
  ERR_ORDER_AMOUNT: 422,
  ERR_PRIVACY_TEXT: 422,
  ERR_ORDER_LIFETIME: 422,
  ERR_ORDER_LIMIT: 429,
  ERR_INTERNAL: 500,
  ERR_METER_STORE: 500,
  ERR_NODE_DATA: 500,
  ERR_TRADE_LOCAL: 500,
  ERR_ABORTED: 503,
  ERR_CHAIN_BUSY: 503,
  ERR_CHAIN_OFFLINE: 503,
  ERR_CHAIN_STOPPED: 503,
  ERR_CHAIN_UNCONFIRMED: 503,
  ERR_MARKET_STOPPED: 503,
  ERR_NOTARY_LATER: 503,
  ERR_NOTARY_UNKNOWN: 503,
  ERR_CONTENT_UNREACHABLE: 502,
  ERR_METER_TIMEOUT: 504,
  ERR_TIMEOUT: 504,
};

/** Statuses of whole families of codes, for those not named above. */
const FAMILY: readonly (readonly [prefix: string, status: number])[] = [
  ['ERR_CONSENT_', 409],
  ['ERR_CURRENCY_', 409],
  ['ERR_METER_', 502],
  ['ERR_MONEY_', 409],
  ['ERR_NETWORK_', 502],
  ['ERR_NOTARY_', 409],
  ['ERR_ORDER_', 409],
  ['ERR_RISK_', 409],
  ['ERR_SETTLEMENT_', 409],
  ['ERR_TRADE_', 409],
  ['ERR_WALLET_', 409],
  ['ERR_BLOCK_', 500],
  ['ERR_CHAIN_', 500],
  ['ERR_CONTENT_', 500],
  ['ERR_CRYPTO_', 500],
  ['ERR_STORE_', 500],
];

/** HTTP status of an error: 4xx for what the caller can mend, 5xx otherwise. */
export function statusOf(error: unknown): number {
  if (isHttpError(error)) return error.status;
  return isTyped(error) ? statusOfCode(error.code, error.retryable) : 500;
}

/** HTTP status of an error of that code, which is not one of the HTTP layer's own. */
export function statusOfCode(code: string, retryable = false): number {
  const own = STATUS[code];
  if (own !== undefined) return own;
  for (const [prefix, status] of FAMILY) if (code.startsWith(prefix)) return status;
  return retryable ? 503 : 422;
}

/** What the caller may know of an error. Anything not thrown on purpose stays inside. */
export function errorBodyOf(error: unknown): ErrorBody {
  if (!isTyped(error)) {
    return {
      error: {
        code: 'ERR_INTERNAL',
        message: 'The node failed on this request; its log has the cause.',
      },
    };
  }
  return { error: { code: error.code, message: error.message } };
}

function isHttpError(error: unknown): error is HttpError {
  return isEdmpError(error) && typeof (error as Partial<HttpError>).status === 'number';
}

// Node's own errors have ERR_ codes too, but no details.
function isTyped(error: unknown): error is EdmpError {
  return isEdmpError(error) && typeof (error as Partial<EdmpError>).details === 'object';
}
