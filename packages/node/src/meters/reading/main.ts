import { parentPort } from 'node:worker_threads';
import { isEdmpError } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { type ReadMeterFileOptions, readMeterFile } from '@edmp/oehu-client';
import { type AnyReading, meterKeys } from '@edmp/oehu-client/sources';
import { keptOf } from '../kept.ts';
import { previewOf } from '../preview.ts';
import type { ReadingAnswer, ReadingOptions, ReadingRequest } from './messages.ts';

/** Readings of one answer: some milliseconds to take in, and some 20 to write. */
const BUNDLE = 2_000;
/** Issues that are shown to anybody. */
const MAX_ISSUES = 50;

/** What is left of the file that was read last. */
let rest: readonly AnyReading[] = [];
let from = 0;

/** The thread that reads meter files for a node (`meter-reader.ts`). */
parentPort?.on('message', (request: ReadingRequest) => {
  const answer = answerTo(request);
  if (answer !== undefined) parentPort?.postMessage(answer);
});

function answerTo(request: ReadingRequest): ReadingAnswer | undefined {
  if (request.type === 'next') {
    const readings = rest.slice(from, from + BUNDLE);
    from += BUNDLE;
    if (from >= rest.length) rest = [];
    return { type: 'readings', readings };
  }
  rest = [];
  from = 0;
  if (request.type === 'drop') return undefined;
  try {
    const { bytes, options } = request;
    if (request.type === 'preview')
      return { type: 'preview', view: previewOf(bytes, { ...told(options), zone: options.zone }) };
    const file = readMeterFile(bytes, told(options));
    rest = keptOf(file);
    return {
      type: 'file',
      kind: file.kind,
      count: rest.length,
      issues: file.issues.slice(0, MAX_ISSUES),
    };
  } catch (error) {
    return failureOf(error);
  }
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
