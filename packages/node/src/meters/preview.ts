import { isEdmpError } from '@edmp/interface';
import { displayable } from '@edmp/interface/format';
import { formatReading, type ReadMeterFileOptions } from '@edmp/oehu-client';
import {
  type AnyReading,
  type CsvGuess,
  guessCsvMap,
  type MeterFilePieces,
  readMeterPieces,
} from '@edmp/oehu-client/sources';
import type { PreviewView } from '../meter-service.ts';

const MAX_ISSUES = 50;
const MAX_READINGS = 8;
const MAX_CELL = 60;
const MAX_COLUMNS = 40;
/** Questions beyond these are asked by nobody's file. */
const MAX_QUESTIONS = 50;

/**
 * How a file would be read: as its kind, by the map that is given, or by a guess. Throws what `readMeterFile` throws when
 * it is of no kind and no table.
 */
export function previewOf(
  bytes: Uint8Array,
  options: ReadMeterFileOptions & { readonly zone: string },
): PreviewView {
  const table = options.kind === undefined ? guessOf(bytes, options.zone) : undefined;
  if (options.csv !== undefined) return view(attempt(bytes, options), table, options.csv);
  const known = attempt(bytes, options);
  const isUnknown = known.problem !== undefined && known.problem.code === 'ERR_METER_FORMAT';
  if (!isUnknown) {
    if (known.problem !== undefined) throw known.problem.error;
    return view(known, undefined, undefined);
  }
  if (table === undefined) throw known.problem?.error;
  return view(attempt(bytes, { ...options, csv: table.map }), table, table.map);
}

/** A file that was read, or why not. */
interface Attempt {
  readonly file?: MeterFilePieces;
  readonly problem?: { readonly code: string; readonly message: string; readonly error: unknown };
}

function attempt(bytes: Uint8Array, options: ReadMeterFileOptions): Attempt {
  try {
    return { file: readMeterPieces(bytes, options) };
  } catch (error) {
    if (!isEdmpError(error)) throw error;
    return { problem: { code: error.code, message: error.message, error } };
  }
}

function guessOf(bytes: Uint8Array, zone: string): CsvGuess | undefined {
  try {
    return guessCsvMap(bytes, { zone });
  } catch (error) {
    if (isEdmpError(error)) return undefined;
    throw error;
  }
}

/** What strangers wrote is shortened and made harmless; the map keeps its names, which have to be found in the file. */
function view(
  { file, problem }: Attempt,
  table: CsvGuess | undefined,
  map: ReadMeterFileOptions['csv'],
): PreviewView {
  const clean = (text: string): string => displayable(text, MAX_CELL);
  const first: AnyReading[] = [];
  let count = 0;
  for (const piece of file?.pieces() ?? []) {
    count += piece.length;
    if (first.length < MAX_READINGS) first.push(...piece.slice(0, MAX_READINGS - first.length));
  }
  return {
    format: file?.kind ?? null,
    csvMap: map === undefined ? null : JSON.stringify(map),
    questions: (table?.questions ?? []).slice(0, MAX_QUESTIONS).map((text) => displayable(text, 200)),
    headings: (table?.headings ?? []).slice(0, MAX_COLUMNS).map(clean),
    rows: (table?.rows ?? []).map((row) => row.slice(0, MAX_COLUMNS).map(clean)),
    columns: (table?.columns ?? []).slice(0, MAX_COLUMNS),
    readings: first.map((reading) => {
      const { at, seconds, commodity, flow, value, unit } = formatReading(reading);
      return {
        at: at === null ? null : Date.parse(at),
        seconds: seconds ?? null,
        commodity,
        flow,
        value,
        unit,
      };
    }),
    count,
    issues: (file?.issues ?? []).slice(0, MAX_ISSUES).map(({ code, at, message }) => ({
      code,
      at: displayable(at, MAX_CELL),
      message: displayable(message, 400),
    })),
    problem: problem === undefined ? null : displayable(problem.message, 400),
  };
}
