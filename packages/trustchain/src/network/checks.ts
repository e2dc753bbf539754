import { InvalidArgumentError } from '@edmp/interface';

// setTimeout fires at once for anything longer (it keeps the delay in a signed 32-bit integer).
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Throws `ERR_INVALID_ARGUMENT` unless `name` is 1 to 128 printable ASCII characters without spaces. */
export function checkName(what: 'protocol' | 'topic', name: string): void {
  if (typeof name !== 'string' || !/^[!-~]{1,128}$/.test(name)) {
    throw new InvalidArgumentError(
      `A ${what} name has 1 to 128 printable ASCII characters without spaces, got ${JSON.stringify(String(name).slice(0, 140))}`,
    );
  }
}

/** `value`, or `fallback` when it is undefined. Throws `ERR_INVALID_ARGUMENT` unless it is in `least` … `most`. */
export function numberIn(
  name: string,
  value: number | undefined,
  fallback: number,
  least: number,
  most: number,
): number {
  const chosen = value ?? fallback;
  if (!(chosen >= least && chosen <= most)) {
    throw new InvalidArgumentError(`${name} must be a number from ${least} to ${most}, got ${chosen}`);
  }
  return chosen;
}

/** A wait in milliseconds, at least 1 and at most 2³¹−1. Throws `ERR_INVALID_ARGUMENT`. */
export function delayMs(name: string, value: number | undefined, fallback: number): number {
  return numberIn(name, value, fallback, 1, MAX_DELAY_MS);
}

/** A size in bytes, at most 2³²−2 (what the frame's length prefix can say). Throws `ERR_INVALID_ARGUMENT`. */
export function byteCount(name: string, value: number | undefined, fallback: number): number {
  return numberIn(name, value, fallback, 0, 0xffff_fffe);
}

/** Throws `ERR_INVALID_ARGUMENT` unless `body` is a `Uint8Array`. */
export function checkBody(body: Uint8Array): void {
  if (!(body instanceof Uint8Array))
    throw new InvalidArgumentError(`A body is a Uint8Array, got ${typeof body}`);
}
