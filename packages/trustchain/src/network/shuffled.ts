import type { Environment } from '@edmp/interface';

/** A copy of `items` in random order (Fisher–Yates); the bias of 32 random bits per draw is below 2⁻²⁰ for 4 096 items. */
export function shuffled<T>(environment: Pick<Environment, 'randomBytes'>, items: readonly T[]): T[] {
  const out = [...items];
  const random = environment.randomBytes(4 * out.length);
  const view = new DataView(random.buffer, random.byteOffset, random.length);
  for (let last = out.length - 1; last > 0; last--) {
    const index = view.getUint32(4 * last) % (last + 1);
    [out[last], out[index]] = [out[index] as T, out[last] as T];
  }
  return out;
}
