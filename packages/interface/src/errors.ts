/** Options of {@link EdmpError}. */
export interface EdmpErrorOptions {
  /** The error that led to this one; kept as `error.cause`. */
  readonly cause?: unknown;
  /** Machine-readable facts about the failure. Never put readings or secrets here. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** `true` when the same call may succeed later without any change by the caller. Default `false`. */
  readonly retryable?: boolean;
}

/**
 * Base of every error that EDMP packages throw on purpose.
 *
 * Callers branch on {@link EdmpError.code}, never on the class or the text: classes may be loaded twice.
 * The message says what was expected, what came, and what to do.
 */
export class EdmpError extends Error {
  /** Stable, upper-case code such as `ERR_BLOCK_SIGNATURE`. */
  readonly code: string;
  /** Machine-readable facts about the failure. */
  readonly details: Readonly<Record<string, unknown>>;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;

  constructor(code: string, message: string, options: EdmpErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'EdmpError';
    this.code = code;
    this.details = options.details ?? {};
    this.retryable = options.retryable ?? false;
  }
}

/** An argument or a configuration value is not usable. Code `ERR_INVALID_ARGUMENT` unless given. */
export class InvalidArgumentError extends EdmpError {
  constructor(message: string, options: EdmpErrorOptions & { readonly code?: string } = {}) {
    super(options.code ?? 'ERR_INVALID_ARGUMENT', message, options);
    this.name = 'InvalidArgumentError';
  }
}

/** A wait passed its deadline. Code `ERR_TIMEOUT`, retryable. */
export class TimeoutError extends EdmpError {
  constructor(message: string, options: EdmpErrorOptions = {}) {
    super('ERR_TIMEOUT', message, { retryable: true, ...options });
    this.name = 'TimeoutError';
  }
}

/** The caller's AbortSignal fired. Code `ERR_ABORTED`. */
export class AbortedError extends EdmpError {
  constructor(message = 'The operation was aborted by its caller', options: EdmpErrorOptions = {}) {
    super('ERR_ABORTED', message, options);
    this.name = 'AbortedError';
  }
}

/**
 * Whether `value` is an {@link EdmpError} (by shape, so that duplicate package copies agree), optionally with one code.
 *
 * @param code - The one code that is asked about, `ERR_TIMEOUT`; any without it.
 *
 * @example
 * ```ts
 * import { hexToBytes, isEdmpError } from '@edmp/interface';
 *
 * try {
 *   hexToBytes('no hex');
 * } catch (error) {
 *   console.log(isEdmpError(error) && error.code); // ERR_INVALID_ARGUMENT
 * }
 * ```
 */
export function isEdmpError(value: unknown, code?: string): value is EdmpError {
  if (!(value instanceof Error)) return false;
  const candidate = (value as Partial<EdmpError>).code;
  if (typeof candidate !== 'string' || !candidate.startsWith('ERR_')) return false;
  return code === undefined || candidate === code;
}

/**
 * Throws {@link AbortedError} when `signal` has fired.
 *
 * @example
 * ```ts
 * import { isEdmpError, throwIfAborted } from '@edmp/interface';
 *
 * throwIfAborted(undefined);
 * try {
 *   throwIfAborted(AbortSignal.abort());
 * } catch (error) {
 *   console.log(isEdmpError(error, 'ERR_ABORTED')); // true
 * }
 * ```
 */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new AbortedError(undefined, { cause: signal.reason });
}
