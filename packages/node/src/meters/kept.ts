import { minuteThinner } from '@edmp/oehu-client/live';
import type { AnyReading, MeterFilePieces } from '@edmp/oehu-client/sources';

/** Kinds of files that are what came out of a port, as often as once a second, and never correct themselves. */
const PORT_LOGS: readonly string[] = ['dsmr-p1', 'sml', 'd0', 'fr-linky'];

/**
 * What is recorded of a meter file, in pieces: of the logs of a port the first reading of each register in each minute,
 * as of a port that runs; of everything else all, for there a later row may correct an earlier one.
 */
export function* keptOf({
  kind,
  pieces,
}: Pick<MeterFilePieces, 'kind' | 'pieces'>): Generator<readonly AnyReading[]> {
  if (!PORT_LOGS.includes(kind)) {
    yield* pieces();
    return;
  }
  const thinner = minuteThinner();
  for (const piece of pieces()) yield thinner.keep(piece);
}
