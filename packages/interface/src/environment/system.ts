import type { Environment } from './types.ts';

/** The real clock, timers and random source of Node (≥ 20) or a browser. */
export function systemEnvironment(): Environment {
  return {
    now: () => Date.now(),
    schedule(delayMs, callback) {
      const timer = setTimeout(callback, Math.max(0, delayMs));
      return () => clearTimeout(timer);
    },
    randomBytes(length) {
      const bytes = new Uint8Array(length);
      // WebCrypto hands out at most 65 536 bytes a call.
      for (let offset = 0; offset < length; offset += 65_536) {
        globalThis.crypto.getRandomValues(bytes.subarray(offset, Math.min(length, offset + 65_536)));
      }
      return bytes;
    },
  };
}
