import { MeterError } from '../errors.ts';
import { tellAlternatives } from './check-alternatives.ts';
import { registersIn, tellCorrections } from './check-corrections.ts';
import { possibleTimes } from './check-times.ts';
import { type FormatOptions, MeterContent, type MeterFormat } from './format.ts';
import { boundedIssues, type SourceIssue } from './issues.ts';
import type { AnyReading, MeterFile, MeterFileKind, MeterFilePieces } from './meter-file.ts';
import { METER_FORMATS } from './meter-formats.ts';

/** Options of {@link readMeterFile}. */
export interface ReadMeterFileOptions extends FormatOptions {
  /** What the file is: a `kind` of `METER_FORMATS`; found out from its content when not given. */
  readonly kind?: MeterFileKind;
  /** Most bytes. Default 256 MiB. */
  readonly maxBytes?: number;
}

/**
 * Reads a meter file or an answer of a meter on the network, of any kind that this package knows. Throws
 * `ERR_METER_FORMAT` when the kind cannot be found out or the bytes do not parse, `ERR_METER_CHECKSUM` when every
 * telegram is damaged, `ERR_METER_SCHEMA` when nothing in it is a reading, `ERR_METER_TIME` when a time of arrival or
 * the order of dates is needed, `ERR_METER_LIMIT` when it is too large. Single bad entries, impossible times,
 * corrections and whatever had to be assumed become `issues`.
 *
 * @param bytes - The file as it is, 256 MiB at most unless `maxBytes` says otherwise; anything may be given.
 */
export function readMeterFile(bytes: Uint8Array, options: ReadMeterFileOptions = {}): MeterFile {
  return readWhole(opened(bytes, options), options);
}

function readWhole({ content, format }: OpenedFile, options: FormatOptions): MeterFile {
  const file = format.read(content, options);
  const issues = [...file.issues];
  const isPossible = possibleTimes([file.readings], options.receivedAt, issues);
  const readings = isPossible === undefined ? file.readings : file.readings.filter(isPossible);
  tellMore(() => [readings], issues);
  return { kind: file.kind, readings, issues: boundedIssues(issues) };
}

/**
 * Reads a meter file as {@link readMeterFile} does, and gives its readings in pieces: those of a CSV file are made when
 * they are asked for, so that 32 MB of it take a third of the memory. Throws as that does.
 *
 * @param bytes - The file as it is, 256 MiB at most unless `maxBytes` says otherwise; anything may be given.
 */
export function readMeterPieces(bytes: Uint8Array, options: ReadMeterFileOptions = {}): MeterFilePieces {
  const file = opened(bytes, options);
  const inPieces = file.format.readPieces?.(file.content, options);
  if (inPieces === undefined) {
    const { kind, readings, issues } = readWhole(file, options);
    return { kind, issues, pieces: () => [readings] };
  }
  const issues = [...inPieces.issues];
  const isPossible = possibleTimes(inPieces.pieces(), options.receivedAt, issues);
  const pieces = (): Iterable<readonly AnyReading[]> =>
    isPossible === undefined ? inPieces.pieces() : filtered(inPieces.pieces(), isPossible);
  tellMore(pieces, issues);
  return { kind: inPieces.kind, issues: boundedIssues(issues), pieces };
}

/** Tells what only all readings of a file together show. */
function tellMore(pieces: () => Iterable<readonly AnyReading[]>, issues: SourceIssue[]): void {
  const registers = registersIn(pieces());
  tellCorrections(pieces, registers, issues);
  tellAlternatives(pieces, registers, issues);
}

function* filtered(
  pieces: Iterable<readonly AnyReading[]>,
  isWanted: (reading: AnyReading) => boolean,
): Generator<readonly AnyReading[]> {
  for (const piece of pieces) yield piece.filter(isWanted);
}

/** A file and its format. */
interface OpenedFile {
  readonly content: MeterContent;
  readonly format: MeterFormat;
}

/** Finds out the format. Throws `ERR_METER_LIMIT` for too many bytes, `ERR_METER_FORMAT` when it is of no kind. */
function opened(bytes: Uint8Array, options: ReadMeterFileOptions): OpenedFile {
  const maxBytes = options.maxBytes ?? 256 << 20;
  if (bytes.length > maxBytes)
    throw new MeterError('ERR_METER_LIMIT', `A meter file has at most ${maxBytes} bytes`);
  const content = new MeterContent(bytes);
  return {
    content,
    format: options.kind === undefined ? formatOf(content, options) : formatNamed(options.kind),
  };
}

/**
 * Finds out what a meter file is. Throws `ERR_METER_FORMAT` when it is nothing that this package knows.
 *
 * @param bytes - The file as it is; anything may be given.
 */
export function meterFileKind(bytes: Uint8Array, options: FormatOptions = {}): MeterFileKind {
  return formatOf(new MeterContent(bytes), options).kind;
}

function formatOf(content: MeterContent, options: FormatOptions): MeterFormat {
  const format = METER_FORMATS.find((one) => one.looksLike(content, options));
  if (format !== undefined) return format;
  if (content.isJson) content.json(); // Text that is meant to be JSON and is none says so.
  // So does a workbook that cannot be opened.
  if (content.isWorkbook) for (const name of content.workbook().sheets) content.workbook().sheet(name);
  throw new MeterError(
    'ERR_METER_FORMAT',
    'Expected a P1 telegram, Green Button XML, SML or another kind that edmp meter formats lists, or CSV or a workbook with a map of its columns; one is guessed where a column has times such as 2026-01-31 13:45 and another numbers',
  );
}

function formatNamed(kind: MeterFileKind): MeterFormat {
  const format = METER_FORMATS.find((one) => one.kind === kind);
  if (format === undefined) {
    const kinds = METER_FORMATS.map((one) => one.kind).join(', ');
    throw new MeterError(
      'ERR_METER_FORMAT',
      `Expected one of ${kinds}, got ${JSON.stringify(kind.slice(0, 40))}`,
    );
  }
  return format;
}
