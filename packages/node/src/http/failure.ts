import { EdmpError, isEdmpError } from '@edmp/interface';
import type { ErrorBody } from './views.ts';

/** A request that the HTTP layer itself refuses; carries its status. */
export class HttpError extends EdmpError {
  /** HTTP status, 4xx or 5xx. */
  readonly status: number;

  constructor(status: number, code: string, message: string, options: { readonly cause?: unknown } = {}) {
    super(code, message, options);
    this.name = 'HttpError';
    this.status = status;
  }
}

/** First match decides; the codes come from every package, so they are matched by their shape. */
const STATUS: readonly (readonly [RegExp, number])[] = [
  [/^ERR_INVALID_ARGUMENT$/, 400],
  [/UNKNOWN|NOT_FOUND/, 404],
  [/TIMEOUT/, 504],
  [/BUSY|RATE/, 429],
  [/STOPPED|ABORTED|UNAVAILABLE/, 503],
  [/^ERR_METER_(UNREACHABLE|SCHEMA|SIGNATURE)|^ERR_NETWORK/, 502],
  [/^ERR_(STORE|INTERNAL|CRYPTO|CHAIN_ROLLBACK)/, 500],
  [/^ERR_(WALLET|TRADE|ORDER|MARKET|RISK|SETTLEMENT|CONSENT|CONTENT)/, 409],
];

/** HTTP status of an error: 4xx for what the caller can mend, 5xx otherwise. */
export function statusOf(error: unknown): number {
  if (isHttpError(error)) return error.status;
  if (!isTyped(error)) return 500;
  for (const [pattern, status] of STATUS) if (pattern.test(error.code)) return status;
  return error.retryable ? 503 : 422;
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
