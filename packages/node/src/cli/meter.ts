import {
  COMMODITIES,
  type Commodity,
  FLOWS,
  type Flow,
  InvalidArgumentError,
  isEdmpError,
  systemEnvironment,
} from '@edmp/interface';
import type { MeterFile, MeterFileKind, ReadMeterFileOptions } from '@edmp/oehu-client';
import type { ExportFormat } from '@edmp/oehu-client/export';
import type { CsvGuess, CsvMap, FormattedReading } from '@edmp/oehu-client/sources';
import { Command, Option } from 'commander';
import { NodeError } from '../compose/errors.ts';
import { timeZone, wholeBetween } from './arguments.ts';
import { isUrl, takeBytes } from './fetch-bytes.ts';
import { discoverCommand } from './meter-discover.ts';
import {
  addCommand,
  exportCommand,
  formatOption,
  importCommand,
  listCommand,
  removeCommand,
  secretOf,
} from './meter-mount.ts';
import { watchCommand } from './meter-watch.ts';
import { ExitCode, print, strangersText, table, toJson, write, writeError } from './output.ts';
import { ownCommand } from './own-command.ts';

interface ReadOptions {
  readonly source?: MeterFileKind;
  readonly zone?: string;
  readonly spacing?: number;
  readonly clock: 'utc' | 'local';
  readonly commodity?: Commodity;
  readonly flow?: Flow;
  readonly csvMap?: string;
  readonly map?: string;
  readonly keyFile?: string;
  readonly yes: boolean;
  readonly output?: string;
  readonly format?: ExportFormat;
  readonly json: boolean;
}

/** Lines written at once: a year of minutes never stands in memory as one text. */
const LINES_AT_ONCE = 2000;

async function csvMapOf(file: string): Promise<CsvMap> {
  const { bytes } = await takeBytes(file);
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as CsvMap;
  } catch (cause) {
    throw new NodeError(
      'ERR_NODE_CONFIG',
      `${file} should hold a column map as JSON: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** Writes lines in bundles. */
function writeLines(lines: Iterable<string>): void {
  let bundle: string[] = [];
  for (const line of lines) {
    bundle.push(line);
    if (bundle.length === LINES_AT_ONCE) {
      write(`${bundle.join('\n')}\n`);
      bundle = [];
    }
  }
  if (bundle.length > 0) write(`${bundle.join('\n')}\n`);
}

const TITLES = ['AT', 'WHAT', 'TARIFF', 'VALUE', 'REGISTER', 'QUALITY', 'TRUST'];

function cellsOf(row: FormattedReading): readonly string[] {
  return [
    row.at ?? '-',
    `${row.commodity} ${row.flow}`,
    String(row.tariff),
    `${row.value} ${row.unit}`,
    strangersText(row.meter),
    row.quality,
    row.trust,
  ];
}

/** How `@edmp/oehu-client`, which is loaded when a command needs it, shows a reading. */
type Format = (reading: MeterFile['readings'][number]) => FormattedReading;

/** One JSON object a reading. */
function* jsonLines(file: MeterFile, format: Format): Generator<string> {
  for (const reading of file.readings) yield toJson(format(reading));
}

/** Aligned lines of any number of readings. */
function* tableLines(file: MeterFile, format: Format): Generator<string> {
  const widths = TITLES.map((title) => title.length);
  for (const reading of file.readings) {
    for (const [i, cell] of cellsOf(format(reading)).entries()) {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    }
  }
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  yield line(TITLES);
  yield line(widths.map((width) => '─'.repeat(width)));
  for (const reading of file.readings) yield line(cellsOf(format(reading)));
}

/** A kind of meter file, before anything is read. Throws `ERR_INVALID_ARGUMENT`. */
async function kindOf(text: string): Promise<MeterFileKind> {
  const { METER_FORMATS } = await import('@edmp/oehu-client/sources');
  const kinds = METER_FORMATS.map(({ kind }) => kind);
  if (!kinds.includes(text))
    throw new InvalidArgumentError(`--source: Allowed choices are ${kinds.join(', ')}`);
  return text;
}

async function optionsOf(options: ReadOptions): Promise<ReadMeterFileOptions> {
  const { nodeCrypto } = await import('@edmp/interface/crypto/node');
  const { meterKeys } = await import('@edmp/oehu-client/sources');
  const map = options.map ?? options.csvMap;
  return {
    crypto: nodeCrypto(),
    ...(options.zone === undefined ? {} : { zone: options.zone }),
    ...(options.spacing === undefined ? {} : { spacingSeconds: options.spacing }),
    ...(options.clock === 'local' ? { greenButton: { clock: 'local' } } : {}),
    ...(options.source === undefined ? {} : { kind: await kindOf(options.source) }),
    ...(options.commodity === undefined ? {} : { commodity: options.commodity }),
    ...(options.flow === undefined ? {} : { flow: options.flow }),
    ...(map === undefined ? {} : { csv: await csvMapOf(map) }),
    ...(options.keyFile === undefined ? {} : { keys: meterKeys(await secretOf(options.keyFile)) }),
  };
}

/**
 * Reads a file. A CSV of no known kind is never read by a guess in silence: the guess is shown on standard error, and taken
 * only when it was confirmed. Throws `ERR_NODE_CONFIG` when it was not.
 */
async function readConfirmed(
  source: string,
  how: ReadMeterFileOptions,
  isConfirmed: boolean,
): Promise<MeterFile> {
  const { readMeterFile } = await import('@edmp/oehu-client');
  const { bytes, takenAt } = await takeBytes(source);
  const told = { receivedAt: takenAt, ...how };
  try {
    return readMeterFile(bytes, told);
  } catch (error) {
    if (!isEdmpError(error) || error.code !== 'ERR_METER_FORMAT') throw error;
    if (how.kind !== undefined || how.csv !== undefined) throw error;
    const guess = await guessOf(bytes, how.zone);
    if (guess === undefined) throw error;
    writeError(`guessed map of its columns:\n${strangersLines(toJson(guess.map, 2))}`);
    for (const question of guess.questions) writeError(`to confirm: ${strangersText(question)}\n`);
    if (isConfirmed) return readMeterFile(bytes, { ...told, csv: guess.map });
    throw new NodeError(
      'ERR_NODE_CONFIG',
      'This CSV is of no known kind. Look at the map above; take it as it is with --yes, or correct it in a file and give that with --map FILE',
      { cause: error },
    );
  }
}

/** Text of several lines of strangers, each made harmless. */
function strangersLines(text: string): string {
  return text
    .split('\n')
    .map((line) => `${strangersText(line)}\n`)
    .join('');
}

/** What a file may be as CSV, or undefined when it is no table of times and numbers. */
async function guessOf(bytes: Uint8Array, zone: string | undefined): Promise<CsvGuess | undefined> {
  const { guessCsvMap } = await import('@edmp/oehu-client/sources');
  try {
    return guessCsvMap(bytes, { zone: zone ?? 'Europe/Amsterdam' });
  } catch (error) {
    if (isEdmpError(error)) return undefined;
    throw error;
  }
}

/** `edmp meter read`: what a meter file or answer holds. */
function readCommand(): Command {
  return new Command('read')
    .description('show the readings of a meter file or of a meter on the network')
    .argument(
      '<source>',
      'file, http(s) URL (of a HomeWizard meter or an OEHU API the address alone will do), or - for standard input',
    )
    .option(
      '--source <kind>',
      `what it is, instead of finding out; ${ownCommand('meter formats')} lists the kinds`,
    )
    .option('--zone <iana>', 'time zone of times without an offset', timeZone)
    .option(
      '--spacing <seconds>',
      'seconds between two telegrams of a log that tells no time',
      wholeBetween(1, 86_400),
    )
    .addOption(
      new Option('--clock <clock>', 'whether the epochs of a Green Button file are UTC or local time')
        .choices(['utc', 'local'])
        .default('utc'),
    )
    .addOption(
      new Option('--commodity <name>', 'what was metered, for files that do not tell').choices(COMMODITIES),
    )
    .addOption(new Option('--flow <direction>', 'direction, for files that do not tell').choices(FLOWS))
    .option(
      '--csv-map <file>',
      `JSON that says what the columns of a CSV file are; ${ownCommand('meter guess')} proposes one`,
    )
    .addOption(new Option('--map <file>', 'the same as --csv-map').conflicts('csvMap'))
    .option('--key-file <file>', 'key of a customer port (HAN) that encrypts')
    .option('--yes', 'read a CSV of no known kind by the map that is guessed and shown', false)
    .option('--json', 'print one JSON object a reading', false)
    .option('-o, --output <file>', 'write the readings to a file instead of showing them')
    .addOption(formatOption())
    .action(async (source: string, options: ReadOptions) => {
      const { formatReading } = await import('@edmp/oehu-client');
      const { readMeterUrl } = await import('@edmp/oehu-client/sources');
      const how = await optionsOf(options);
      let file: MeterFile;
      if (isUrl(source)) {
        file = await readMeterUrl(source, { environment: systemEnvironment(), ...how });
      } else {
        file = await readConfirmed(source, how, options.yes);
      }
      const { readings, issues, kind } = file;
      if (options.output !== undefined || options.format !== undefined) await writeReadings(file, options);
      else if (options.json) writeLines(jsonLines(file, formatReading));
      else {
        write(`${kind}: ${readings.length} readings\n`);
        writeLines(tableLines(file, formatReading));
      }
      for (const issue of issues) writeError(`warning: ${issue.at}: ${issue.message} (${issue.code})\n`);
      if (readings.length === 0) process.exitCode = ExitCode.failed;
    });
}

/** Writes what a file holds as another kind of file. */
async function writeReadings({ kind, readings }: MeterFile, options: ReadOptions): Promise<void> {
  const { exportReadings } = await import('@edmp/oehu-client/export');
  const { formatOf, writeExport } = await import('./export-file.ts');
  const format = formatOf(options.format, options.output);
  // Registers of a file may stand in any order; a piece of an export has them in that of their times.
  const pieces = exportReadings([readings], { format, meter: kind, zone: options.zone ?? 'UTC' });
  await writeExport(pieces, format, options.output);
}

/** `edmp meter formats`: the kinds of files that can be read. */
function formatsCommand(): Command {
  return new Command('formats')
    .description('list the kinds of meter files that can be read')
    .option('--json', 'print JSON', false)
    .action(async ({ json }: { readonly json: boolean }) => {
      const { METER_FORMATS } = await import('@edmp/oehu-client/sources');
      const rows = METER_FORMATS.map(({ kind, title, proof, declare }) => ({
        kind,
        title,
        proof,
        declare: declare ?? '',
      }));
      print(json, rows, () =>
        table(
          ['KIND', 'PROOF', 'WHAT'],
          rows.map(({ kind, proof, title }) => [kind, proof, title]),
        ),
      );
    });
}

/** `edmp meter guess`: a column map for a CSV file, to be looked at and kept. */
function guessCommand(): Command {
  return new Command('guess')
    .description(
      'propose a map of the columns of a CSV file; look at it, correct it, and give it to read --csv-map',
    )
    .argument('<file>', 'CSV file, or - for standard input')
    .option('--zone <iana>', 'time zone of its times', timeZone, 'Europe/Amsterdam')
    .action(async (source: string, { zone }: { readonly zone: string }) => {
      const { guessCsvMap } = await import('@edmp/oehu-client/sources');
      const { bytes } = await takeBytes(source);
      const { map, questions } = guessCsvMap(bytes, { zone });
      write(`${toJson(map, 2)}\n`);
      for (const question of questions) writeError(`to confirm: ${question}\n`);
    });
}

/** `edmp meter`: meters and their files. */
export function meterCommand(): Command {
  return new Command('meter')
    .description('read meters of many kinds, mount them on the node, watch them')
    .addCommand(readCommand())
    .addCommand(formatsCommand())
    .addCommand(guessCommand())
    .addCommand(addCommand())
    .addCommand(discoverCommand())
    .addCommand(listCommand())
    .addCommand(importCommand())
    .addCommand(exportCommand())
    .addCommand(watchCommand())
    .addCommand(removeCommand());
}
