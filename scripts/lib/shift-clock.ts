/**
 * Moves the date of a process by `EDMP_CLOCK_SHIFT_MS` from its first instant on: what `--import` loads before anything
 * else, in the process itself and, through `NODE_OPTIONS`, in every one that it starts. Timers, elapsed time and the
 * dates of files stay as they are. `Intl` formats and `Temporal.Now` that are asked for this very moment do not move; the
 * sources use neither.
 */
const text = process.env.EDMP_CLOCK_SHIFT_MS;
const shift = Number(text);
if (text === undefined || !Number.isSafeInteger(shift)) {
  throw new Error(`Expected EDMP_CLOCK_SHIFT_MS in whole milliseconds, got ${text}`);
}

const RealDate = Date;
const realNow = Date.now;
const now = (): number => realNow() + shift;
RealDate.now = now;
globalThis.Date = new Proxy(RealDate, {
  apply: () => new RealDate(now()).toString(),
  construct: (target, values: readonly unknown[], made) =>
    Reflect.construct(target, values.length === 0 ? [now()] : values, made),
});
RealDate.prototype.constructor = globalThis.Date;
