import { systemEnvironment } from '@edmp/interface';
import type { MeterFile, MeterFileKind } from '@edmp/oehu-client';
import type { CsvMap } from '@edmp/oehu-client/sources';
import { Command, Option } from 'commander';
import { NodeError } from '../compose/errors.ts';
import { timeZone } from './arguments.ts';
import { isUrl, takeBytes } from './fetch-bytes.ts';
import { ExitCode, table, toJson, write, writeError } from './output.ts';

interface ReadOptions {
  readonly source?: MeterFileKind;
  readonly zone: string;
  readonly csvMap?: string;
  readonly json: boolean;
}

const KINDS: readonly MeterFileKind[] = [
  'dsmr-p1',
  'homewizard',
  'green-button',
  'oehu',
  'senml',
  'csv',
  'sml',
  'nl-mijn-aansluiting',
  'be-fluvius',
  'at-eda',
];

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

/** `edmp meter read`: what a meter file or answer holds. */
export function meterCommand(): Command {
  const read = new Command('read')
    .description('show the readings of a meter file or of a meter on the network')
    .argument(
      '<source>',
      'file, http(s) URL (of a HomeWizard meter or an OEHU API the address alone will do), or - for standard input',
    )
    .addOption(new Option('--source <kind>', 'what it is, instead of finding out').choices(KINDS))
    .option('--zone <iana>', 'time zone of times without an offset', timeZone, 'Europe/Amsterdam')
    .option('--csv-map <file>', 'JSON that says what the columns of a CSV file are')
    .option('--json', 'print one JSON object a reading', false)
    .action(async (source: string, options: ReadOptions) => {
      const { formatReading, readMeterFile } = await import('@edmp/oehu-client');
      const { readMeterUrl } = await import('@edmp/oehu-client/sources');
      const { nodeCrypto } = await import('@edmp/interface/crypto/node');
      const how = {
        zone: options.zone,
        crypto: nodeCrypto(),
        ...(options.source === undefined ? {} : { kind: options.source }),
        ...(options.csvMap === undefined ? {} : { csv: await csvMapOf(options.csvMap) }),
      };
      let file: MeterFile;
      if (isUrl(source)) {
        file = await readMeterUrl(source, { environment: systemEnvironment(), ...how });
      } else {
        const { bytes, takenAt } = await takeBytes(source);
        file = readMeterFile(bytes, { receivedAt: takenAt, ...how });
      }
      const rows = file.readings.map(formatReading);
      if (options.json) for (const row of rows) write(`${toJson(row)}\n`);
      else {
        const cells = rows.map((row) => [
          row.at,
          `${row.commodity} ${row.flow}`,
          String(row.tariff),
          `${row.value} ${row.unit}`,
          row.meter,
          row.quality,
          row.trust,
        ]);
        write(`${file.kind}: ${rows.length} readings\n`);
        write(`${table(['AT', 'WHAT', 'TARIFF', 'VALUE', 'REGISTER', 'QUALITY', 'TRUST'], cells)}\n`);
      }
      for (const issue of file.issues) writeError(`warning: ${issue.at}: ${issue.message} (${issue.code})\n`);
      if (rows.length === 0) process.exitCode = ExitCode.failed;
    });
  return new Command('meter').description('read meters of many kinds').addCommand(read);
}
