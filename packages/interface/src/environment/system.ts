import type { Environment } from './types.ts';

/** Longest delay that `setTimeout` takes; it fires at once beyond. */
const MAX_DELAY = 0x7fff_ffff;
/** Most bytes that one call of WebCrypto hands out. */
const MAX_RANDOM_BYTES = 65_536;

/**
 * The real clock, timers and random source of Node (≥ 20) or a browser.
 *
 * @example
 * ```ts
 * import { systemEnvironment } from '@edmp/interface';
 *
 * const environment = systemEnvironment();
 * console.log(Number.isInteger(environment.now())); // true
 * console.log(environment.randomBytes(16).length); // 16
 * ```
 */
export function systemEnvironment(): Environment {
  return {
    systemRandom: true,
    now: () => Date.now(),
    schedule(delayMs, callback) {
      let timer: ReturnType<typeof setTimeout>;
      const wait = (left: number): void => {
        timer =
          left > MAX_DELAY
            ? setTimeout(() => wait(left - MAX_DELAY), MAX_DELAY)
            : setTimeout(callback, Math.max(0, left));
      };
      wait(delayMs);
      return () => clearTimeout(timer);
    },
    randomBytes(length) {
      const bytes = new Uint8Array(length);
      for (let offset = 0; offset < length; offset += MAX_RANDOM_BYTES) {
        const end = Math.min(length, offset + MAX_RANDOM_BYTES);
        globalThis.crypto.getRandomValues(bytes.subarray(offset, end));
      }
      return bytes;
    },
  };
}
