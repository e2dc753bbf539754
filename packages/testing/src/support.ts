import { type EdmpError, type Environment, isEdmpError, sleep, TimeoutError } from '@edmp/interface';
import { expect } from 'vitest';

/** The error that `promise` rejects with, asserted to be an {@link EdmpError} of one of `codes`. */
export async function rejection(
  promise: Promise<unknown>,
  ...codes: readonly [string, ...string[]]
): Promise<EdmpError> {
  const outcome = await promise.then(
    () => ({ rejected: false as const }),
    (error: unknown) => ({ rejected: true as const, error }),
  );
  return expectError(outcome, codes);
}

/** The error that `call` throws, asserted to be an {@link EdmpError} of one of `codes`. */
export function thrown(call: () => unknown, ...codes: readonly [string, ...string[]]): EdmpError {
  try {
    call();
  } catch (error) {
    return expectError({ rejected: true, error }, codes);
  }
  return expectError({ rejected: false }, codes);
}

type Outcome = { readonly rejected: false } | { readonly rejected: true; readonly error: unknown };

function expectError(outcome: Outcome, codes: readonly string[]): EdmpError {
  const wanted = codes.join(' or ');
  if (!outcome.rejected) return expect.fail(`expected ${wanted}, but the call succeeded`);
  const { error } = outcome;
  if (!isEdmpError(error)) return expect.fail(`expected ${wanted}, got ${String(error)}`);
  if (!codes.includes(error.code)) {
    return expect.fail(`expected ${wanted}, got ${error.code}: ${error.message}`);
  }
  return error;
}

/** Waits on `environment`'s clock until `condition` holds. Throws `ERR_TIMEOUT` naming `what` after `limitMs` (default 30 000: on a real clock, what takes a second may take long on a busy machine). */
export async function eventually(
  environment: Environment,
  what: string,
  condition: () => boolean,
  limitMs = 30_000,
): Promise<void> {
  const limit = environment.now() + limitMs;
  while (!condition()) {
    if (environment.now() >= limit) throw new TimeoutError(`Not so within ${limitMs} ms: ${what}`);
    await sleep(environment, 10);
  }
}

/** All values of `iterable`. */
export async function collectAll<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const value of iterable) values.push(value);
  return values;
}

/** The value at `index`, asserted to exist. */
export function itemAt<T>(values: readonly T[], index: number): T {
  const value = values[index];
  return value === undefined ? expect.fail(`nothing at index ${index} of ${values.length}`) : value;
}
