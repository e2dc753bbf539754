import type { Crypto } from '@edmp/interface';
import { MeterError } from '../errors.ts';
import { type Json, parseJson } from '../oehu/json.ts';
import { type CsvMap, OWN_CSV_HEADER, readCsv, readOwnCsv } from './csv.ts';
import { type GreenButtonOptions, readGreenButton } from './green-button.ts';
import { isHomeWizard, readHomeWizard } from './homewizard.ts';
import type { SourceIssue } from './issues.ts';
import type { AnyReading, MeterFile, MeterFileKind } from './meter-file.ts';
import { isOehuDocument, readOehuDocument } from './oehu-document.ts';
import { p1Stream } from './p1/stream.ts';
import {
  isFluvius,
  isMijnAansluiting,
  readConsumptionRecord,
  readFluvius,
  readMijnAansluiting,
} from './regional.ts';
import { isSenml, readSenml } from './senml.ts';
import { isSml, readSml } from './sml/sml.ts';

/** Options of {@link readMeterFile}. */
export interface ReadMeterFileOptions {
  /** What the file is; found out from its content when not given. */
  readonly kind?: MeterFileKind;
  /** When the data was taken, ms since the epoch, e.g. the file's time; for kinds that tell no time of their own. */
  readonly receivedAt?: number;
  /** Zone of local times without an offset. Default `Europe/Amsterdam`. */
  readonly zone?: string;
  /** Columns of a CSV file that EDMP did not write. */
  readonly csv?: CsvMap;
  /** How to read the epochs of a Green Button file, when they are wall-clock times. */
  readonly greenButton?: GreenButtonOptions;
  /** Checks the signatures of OEHU documents; without it their readings are `unsigned`. */
  readonly crypto?: Crypto;
  /** Most bytes. Default 256 MiB. */
  readonly maxBytes?: number;
}

/**
 * Reads a meter file or an answer of a meter on the network, of any kind that this package knows. Throws
 * `ERR_METER_FORMAT` when the kind cannot be found out or the bytes do not parse, `ERR_METER_CHECKSUM` when every
 * telegram is damaged, `ERR_METER_SCHEMA` when nothing in it is a reading, `ERR_METER_TIME` when a time of arrival is
 * needed, `ERR_METER_LIMIT` when it is too large. Single bad entries become `issues`.
 */
export function readMeterFile(bytes: Uint8Array, options: ReadMeterFileOptions = {}): MeterFile {
  const maxBytes = options.maxBytes ?? 256 << 20;
  if (bytes.length > maxBytes)
    throw new MeterError('ERR_METER_LIMIT', `A meter file has at most ${maxBytes} bytes`);
  const json = (): Json => parseJson(textOf(bytes));
  const kind = options.kind ?? meterFileKind(bytes, options);
  const received = options.receivedAt === undefined ? {} : { receivedAt: options.receivedAt };
  const zone = options.zone === undefined ? {} : { zone: options.zone };
  switch (kind) {
    case 'dsmr-p1':
      return readTelegrams(bytes, { ...received, ...zone });
    case 'sml':
      return readSml(bytes, received);
    case 'green-button':
      return readGreenButton(textOf(bytes), options.greenButton);
    case 'at-eda':
      return readConsumptionRecord(textOf(bytes));
    case 'csv':
      return options.csv === undefined ? readOwnCsv(textOf(bytes)) : readCsv(textOf(bytes), options.csv);
    case 'homewizard':
      return readHomeWizard(json(), { ...received, ...zone });
    case 'senml':
      return readSenml(json(), received);
    case 'oehu':
      return readOehuDocument(json(), options.crypto);
    case 'nl-mijn-aansluiting':
      return readMijnAansluiting(json());
    case 'be-fluvius':
      return readFluvius(json());
  }
}

/** Finds out what a meter file is. Throws `ERR_METER_FORMAT` when it is nothing that this package knows. */
export function meterFileKind(bytes: Uint8Array, options: ReadMeterFileOptions = {}): MeterFileKind {
  if (isSml(bytes)) return 'sml';
  const head = textOf(bytes.subarray(0, 4096)).replace(/^\ufeff/, '');
  const start = head.trimStart();
  if (start.startsWith('<')) {
    if (/<(\w+:)?ConsumptionRecord[\s>]/.test(head)) return 'at-eda';
    if (/<(\w+:)?(feed|entry|IntervalBlock)[\s>]/.test(head)) return 'green-button';
  } else if (start.startsWith('{') || start.startsWith('[')) {
    const json = parseJson(textOf(bytes));
    if (isHomeWizard(json)) return 'homewizard';
    if (isOehuDocument(json)) return 'oehu';
    if (isMijnAansluiting(json)) return 'nl-mijn-aansluiting';
    if (isFluvius(json)) return 'be-fluvius';
    if (isSenml(json)) return 'senml';
  } else if (/(^|[\r\n])\/[^\r\n]{3,}\r?\n/.test(head) && /[\r\n]\d+-\d+:\d+\.\d+\.\d+/.test(head)) {
    return 'dsmr-p1';
  } else if (options.csv !== undefined || head.startsWith(OWN_CSV_HEADER)) return 'csv';
  throw new MeterError(
    'ERR_METER_FORMAT',
    'Expected a P1 telegram, Green Button XML, HomeWizard, OEHU or SenML JSON, SML, or CSV with a map of its columns',
  );
}

const decoder = new TextDecoder('utf-8');

/** Text of a file; bytes that are no UTF-8 become replacement characters and fail later, in the parser. */
function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

function readTelegrams(
  bytes: Uint8Array,
  options: { readonly receivedAt?: number; readonly zone?: string },
): MeterFile {
  const stream = p1Stream(options);
  const issues: SourceIssue[] = [];
  const readings: AnyReading[] = [];
  let error: MeterError | undefined;
  let telegrams = 0;
  for (const [i, event] of [...stream.push(bytes), ...stream.end()].entries()) {
    if (event.ok) {
      telegrams++;
      readings.push(...event.telegram.readings);
      issues.push(...event.telegram.issues);
    } else {
      error ??= event.error;
      issues.push({ code: 'unreadable', at: `telegram ${i}`, message: event.error.message });
    }
  }
  if (telegrams === 0) {
    throw (
      error ??
      new MeterError('ERR_METER_FORMAT', 'Expected a line that starts with / and one that starts with !')
    );
  }
  return { kind: 'dsmr-p1', readings, issues };
}
