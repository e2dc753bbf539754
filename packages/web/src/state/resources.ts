/** Most answers that are kept at once; the one that was asked for longest ago goes first. */
const MAX_KEPT = 200;

interface Kept {
  readonly stamp: string;
  readonly answer: Promise<unknown>;
  value: unknown;
  hasValue: boolean;
}

/** What the node answered: asked once for everybody who shows it, and again when what it depends on has changed. */
export interface Resources {
  /** The answer of `key` as of `stamp`, from `load` when nobody has asked yet. */
  ask<T>(key: string, stamp: string, load: () => Promise<T>): Promise<T>;
  /** The newest answer of `key` that came, of whatever stamp. */
  last(key: string): { readonly value: unknown } | undefined;
}

/** Empty {@link Resources}. */
export function createResources(): Resources {
  const kept = new Map<string, Kept>();
  return {
    ask<T>(key: string, stamp: string, load: () => Promise<T>): Promise<T> {
      const known = kept.get(key);
      if (known?.stamp === stamp) return known.answer as Promise<T>;
      const answer = load();
      const entry: Kept = {
        stamp,
        answer,
        value: known?.value,
        hasValue: known?.hasValue ?? false,
      };
      kept.delete(key);
      kept.set(key, entry);
      answer.then(
        (value) => {
          entry.value = value;
          entry.hasValue = true;
        },
        // Who asked hears of it; the next one asks again.
        () => {
          if (kept.get(key) === entry) kept.set(key, { ...entry, stamp: '' });
        },
      );
      const oldest = kept.keys().next();
      if (kept.size > MAX_KEPT && oldest.done !== true) kept.delete(oldest.value);
      return answer;
    },
    last(key) {
      const entry = kept.get(key);
      return entry?.hasValue === true ? { value: entry.value } : undefined;
    },
  };
}
