import { parentPort } from 'node:worker_threads';
import { isEdmpError } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import type { ReadMeterFileOptions } from '@edmp/oehu-client';
import { type AnyReading, meterKeys, readMeterPieces } from '@edmp/oehu-client/sources';
import { keptOf } from '../kept.ts';
import { previewOf } from '../preview.ts';
import type { ReadingAnswer, ReadingOptions, ReadingRequest } from './messages.ts';

/** Readings of one answer: some milliseconds to take in, and some 20 to write. */
const BUNDLE = 2_000;
/** Issues that are shown to anybody. */
const MAX_ISSUES = 50;

/** What is left of the file that was read last. */
let rest: Iterator<readonly AnyReading[]> | undefined;

/** The thread that reads meter files for a node (`meter-reader.ts`). */
parentPort?.on('message', (request: ReadingRequest) => {
  const answer = answerTo(request);
  if (answer !== undefined) parentPort?.postMessage(answer);
});

function answerTo(request: ReadingRequest): ReadingAnswer | undefined {
  try {
    if (request.type === 'next') {
      const next = rest?.next();
      if (next?.done === false) return { type: 'readings', readings: next.value };
      rest = undefined;
      return { type: 'readings', readings: [] };
    }
    rest = undefined;
    if (request.type === 'drop') return undefined;
    const { bytes, options } = request;
    if (request.type === 'preview')
      return { type: 'preview', view: previewOf(bytes, { ...told(options), zone: options.zone }) };
    const file = readMeterPieces(bytes, told(options));
    rest = bundlesOf(keptOf(file));
    return { type: 'file', kind: file.kind, issues: file.issues.slice(0, MAX_ISSUES) };
  } catch (error) {
    return failureOf(error);
  }
}

function* bundlesOf(pieces: Iterable<readonly AnyReading[]>): Generator<readonly AnyReading[]> {
  for (const piece of pieces)
    for (let from = 0; from < piece.length; from += BUNDLE) yield piece.slice(from, from + BUNDLE);
}

function told({ key, ...options }: ReadingOptions): ReadMeterFileOptions {
  return { ...options, crypto: nodeCrypto(), ...(key === undefined ? {} : { keys: meterKeys(key) }) };
}

function failureOf(error: unknown): ReadingAnswer {
  if (isEdmpError(error)) return { type: 'failed', code: error.code, message: error.message };
  // Texts and lists that are longer than a runtime can have.
  if (error instanceof RangeError)
    return { type: 'failed', code: 'ERR_METER_LIMIT', message: 'The file unfolds to more than can be read' };
  const message = `The file cannot be read: ${error instanceof Error ? error.message : 'no reason was given'}`;
  return { type: 'failed', code: 'ERR_METER_FORMAT', message };
}
