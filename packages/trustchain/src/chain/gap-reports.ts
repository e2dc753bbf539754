import type { Environment, PublicKey, TrustchainEvent } from '@edmp/interface';
import { bytesKey } from '../block/identity.ts';
import type { PositionRange } from '../inspect/gaps.ts';
import { forgetOldest } from '../store/forget-oldest.ts';

/** Authors whose last report is remembered. */
const MAX_AUTHORS = 4_096;
/** Ranges of one author told at once; who keeps back more is told about again. */
const MAX_RANGES = 8;

/** Tells the application of positions that authors keep back. */
export interface GapReports {
  tell(author: PublicKey, ranges: readonly PositionRange[]): void;
}

/** {@link GapReports} that tell of one author at most once in `quietMs`, unless other positions are missing by then. */
export function gapReports(
  emit: (event: TrustchainEvent) => void,
  environment: Environment,
  quietMs: number,
): GapReports {
  const told = new Map<string, { readonly ranges: string; readonly at: number }>();
  return {
    tell(author, ranges) {
      const key = bytesKey(author);
      const text = ranges.slice(0, MAX_RANGES).join(';');
      const last = told.get(key);
      const passed = environment.now() - (last?.at ?? Number.NEGATIVE_INFINITY);
      if (last?.ranges === text && passed >= 0 && passed < quietMs) return;
      told.delete(key);
      told.set(key, { ranges: text, at: environment.now() });
      if (told.size > MAX_AUTHORS) forgetOldest(told);
      for (const [from, to] of ranges.slice(0, MAX_RANGES)) emit({ type: 'gap', author, from, to });
    },
  };
}
