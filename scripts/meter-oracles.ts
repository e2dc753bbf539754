import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type SeededRandom, seededRandom } from '../packages/interface/src/index.ts';
import { formatReading, readMeterFile } from '../packages/oehu-client/src/index.ts';
import { main } from './lib/run.ts';
import { root } from './lib/workspace.ts';
import { changeDays } from './meter-oracles/change-days.ts';
import { oracleList } from './meter-oracles/han-lists.ts';
import { oracleAnswer } from './meter-oracles/homewizard.ts';
import { oracleSeries } from './meter-oracles/series.ts';
import { oracleFrame } from './meter-oracles/sml-frames.ts';
import { oracleTelegrams } from './meter-oracles/telegrams.ts';

/** When every file is said to have arrived. */
const ARRIVAL = Date.UTC(2026, 11, 1);
/** Years whose clock changes are looked at: those that both have in their data. */
const YEARS = [2022, 2027] as const;

/** Files of real meters that may lie beside the repository. */
const FIXTURES = [
  ['dsmr-v2.2.txt', 'dsmr', 'V2_2'],
  ['dsmr-v4.2.txt', 'dsmr', 'V4'],
  ['dsmr-v5.txt', 'dsmr', 'V5'],
  ['emucs-fluvius-1.7.1.txt', 'dsmr', 'BELGIUM_FLUVIUS'],
  ['homewizard-p1-v1-data.json', 'homewizard', '1'],
  ['sml-ttyUSB0-2.dump', 'sml', ''],
] as const;

/** A file, and what we read in it. */
interface OracleCase {
  readonly name: string;
  /** Which library of another hand reads it, and how. */
  readonly oracle: string;
  readonly how: string;
  readonly hex: string;
  readonly readings: readonly unknown[];
}

function oracleCase(name: string, oracle: string, how: string, bytes: Uint8Array): OracleCase {
  const file = readMeterFile(bytes, { receivedAt: ARRIVAL });
  return {
    name,
    oracle,
    how,
    hex: Buffer.from(bytes).toString('hex'),
    readings: file.readings.map(formatReading),
  };
}

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function* cases(random: SeededRandom): Generator<OracleCase> {
  for (const [i, { spec, bytes }] of oracleTelegrams(random.fork('p1'), 100).entries())
    yield oracleCase(`telegram ${i} (${spec})`, 'dsmr', spec, bytes);
  for (let i = 0; i < 300; i++)
    yield oracleCase(`frame ${i}`, 'sml', '', oracleFrame(random.fork(`sml ${i}`), 1000 + i));
  for (const maker of ['aidon', 'kaifa', 'kamstrup'] as const) {
    for (let i = 0; i < 100; i++)
      yield oracleCase(
        `list ${i} of ${maker}`,
        'han',
        maker,
        oracleList(random.fork(`${maker} ${i}`), maker),
      );
  }
  for (const version of [1, 2, 'water'] as const) {
    for (let i = 0; i < 100; i++) {
      const answer = oracleAnswer(random.fork(`homewizard ${version} ${i}`), version);
      yield oracleCase(`answer ${i} of version ${version}`, 'homewizard', String(version), json(answer));
    }
  }
  const sample = (name: string): Uint8Array =>
    new Uint8Array(readFileSync(join(root, 'packages/oehu-client/samples', name)));
  yield oracleCase('samples/sml.bin', 'sml', '', sample('sml.bin'));
  yield oracleCase('samples/homewizard.json', 'homewizard', '2', sample('homewizard.json'));
  yield oracleCase('samples/dsmr-p1.txt', 'dsmr', 'V5', sample('dsmr-p1.txt'));
  for (const [name, oracle, how] of FIXTURES) {
    const path = join(root, '../shared/fixtures/meters', name);
    if (existsSync(path)) yield oracleCase(name, oracle, how, new Uint8Array(readFileSync(path)));
  }
}

/**
 * `meter-oracles FOLDER`: writes what we read in files of our own making, and the clock changes as we know them, for
 * `meter-oracles.py` to hold against what libraries of other hands say.
 */
await main('meter-oracles', async () => {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Error('Expected a folder to write to');
  const write = (name: string, value: unknown): void =>
    writeFileSync(join(folder, name), JSON.stringify(value));
  write('cases.json', [...cases(seededRandom(2026))]);
  const zones = ['UTC', ...Intl.supportedValuesOf('timeZone')];
  write('zones.json', {
    tz: process.versions.tz,
    years: YEARS,
    days: Object.fromEntries(zones.map((zone) => [zone, changeDays(zone, ...YEARS)])),
  });
  write('series.json', oracleSeries(seededRandom(7)));
});
