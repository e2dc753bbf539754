import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOehuEmulator } from '@edmp/oehu-client/emulator';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { runCli } from '../support/run-cli.ts';

/** What a HomeWizard P1 meter answers on API v1: no zone in its time of gas. */
const HOMEWIZARD = JSON.stringify({
  unique_id: 'h',
  total_power_import_t1_kwh: 5.5,
  total_gas_m3: 2.25,
  gas_timestamp: 260_101_120_000,
});

let server: Server;
let url: string;
const asked: string[] = [];

beforeAll(async () => {
  const answers: Readonly<Record<string, string>> = { '/api/v1/data': HOMEWIZARD, '/hello': 'no meter' };
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const body = answers[request.url ?? ''];
    response.writeHead(body === undefined ? 404 : 200).end(body);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

describe('edmp meter read', { timeout: bounds.journey }, () => {
  it('finds a HomeWizard meter by its address, and takes its times in the wanted zone', async () => {
    const run = await runCli(['meter', 'read', url, '--zone', 'Europe/London', '--json']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const rows = run.stdout.trim().split('\n');
    expect(rows.map((row) => JSON.parse(row) as unknown)).toMatchObject([
      { commodity: 'electricity', flow: 'import', tariff: 1, value: '5.5', unit: 'kWh', trust: 'unsigned' },
      { commodity: 'gas', at: '2026-01-01T12:00:00.000Z', value: '2.25', unit: 'm3' },
    ]);
  });

  it('finds an OEHU API by its address and verifies what it answers', async () => {
    const emulator = await startOehuEmulator({ households: 2, days: 1, readingEverySeconds: 3600 });
    onTestFinished(() => emulator.stop());
    const run = await runCli(['meter', 'read', emulator.url]);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(/^oehu: \d+ readings\n/);
    expect(run.stdout).toMatch(/electricity import .* kWh .* signed\n/);
  });

  it('asks only for the whole address when there is one', async () => {
    asked.length = 0;
    const run = await runCli(['meter', 'read', `${url}/hello`]);
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toMatch(/^error: Expected a P1 telegram, .*ERR_METER_FORMAT\)\n$/);
    expect(asked).toEqual(['/hello']);
  });

  it('says what it tried where nothing is a meter, and why there is no answer', async () => {
    asked.length = 0;
    const wrong = await runCli(['meter', 'read', url, '--source', 'oehu']);
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    expect(wrong.stderr).toMatch(/^error: The meter source answered 404 to \/devices \(ERR_METER_HTTP\)\n$/);
    expect(asked).toEqual(['/devices']);
    const nothing = await runCli(['meter', 'read', 'http://127.0.0.1:1']);
    expect(nothing).toMatchObject({ code: 1, stdout: '' });
    expect(nothing.stderr).toMatch(
      /^error: The meter source cannot be reached .+ \(ERR_METER_UNREACHABLE\)\n$/,
    );
  });
});

describe('edmp meter formats and guess', { timeout: bounds.journey }, () => {
  it('lists the kinds, and reads a CSV by the map that it proposed', async () => {
    const formats = await runCli(['meter', 'formats', '--json']);
    expect(formats).toMatchObject({ code: 0, stderr: '' });
    const kinds = (JSON.parse(formats.stdout) as { kind: string }[]).map(({ kind }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(['dsmr-p1', 'csv', 'fr-linky', 'be-fluvius-csv']));

    const folder = await mkdtemp(join(tmpdir(), 'edmp-meter-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'hours.csv');
    const rows = ['00', '01', '02', '03'].map((hour) => `14.02.2024 ${hour}:00;0,${hour}5`);
    await writeFile(file, ['Zeit;Verbrauch (kWh)', ...rows].join('\n'));
    const guess = await runCli(['meter', 'guess', file, '--zone', 'Europe/Vienna']);
    expect(guess).toMatchObject({ code: 0, stderr: expect.stringContaining('to confirm: ') });
    const mapFile = join(folder, 'map.json');
    await writeFile(mapFile, guess.stdout);
    const read = await runCli(['meter', 'read', file, '--csv-map', mapFile]);
    expect(read.stdout).toMatch(/^csv: 4 readings\n/);
    expect(read.stdout).toContain('2024-02-13T23:00:00.000Z  electricity import  total   0.005 kWh');
  });

  it('reads a CSV of no known kind by a guess only when the guess was seen and confirmed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'edmp-meter-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'hours.csv');
    const rows = ['00', '01', '02', '03'].map((hour) => `14.02.2024 ${hour}:00;0,${hour}5`);
    await writeFile(file, ['Zeit;Verbrauch (kWh)', ...rows].join('\n'));
    const refused = await runCli(['meter', 'read', file]);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('"time": "Zeit"');
    expect(refused.stderr).toContain('to confirm: Are its times of the zone Europe/Amsterdam?');
    expect(refused.stderr).toMatch(/--yes, or correct it in a file .*--map FILE \(ERR_NODE_CONFIG\)\n$/);

    const confirmed = await runCli(['meter', 'read', file, '--yes', '--json', '--zone', 'Europe/London']);
    expect(confirmed).toMatchObject({ code: 0, stderr: expect.stringContaining('to confirm: ') });
    expect(JSON.parse(confirmed.stdout.split('\n')[0] ?? '')).toMatchObject({
      at: '2024-02-14T00:00:00.000Z',
      value: '0.005',
    });

    await writeFile(join(folder, 'letter.txt'), 'Dear neighbour,\nnothing is metered here.\n');
    const letter = await runCli(['meter', 'read', join(folder, 'letter.txt'), '--yes']);
    expect(letter).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('ERR_METER_FORMAT'),
    });
  });
});

describe('edmp meter read into a file', { timeout: bounds.journey }, () => {
  it('writes every format, after the name of the file, and nothing where it may not', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'edmp-meter-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const source = join(folder, 'day.csv');
    const header = 'start,seconds,commodity,flow,tariff,value,unit,quality';
    const row = (hour: number): string =>
      `2026-01-10T0${hour}:00:00Z,3600,electricity,import,total,0.${hour + 1}25,kWh,measured`;
    await writeFile(source, [header, ...[0, 1, 2, 3].map(row), ''].join('\r\n'));
    const starts = {
      parquet: 'PAR1',
      'senml.json': '[\n{"bn":',
      xml: '<?xml',
      ndjson: '{"commodity"',
      csv: 'at,',
    };
    for (const [extension, start] of Object.entries(starts)) {
      const output = join(folder, `out.${extension}`);
      const run = await runCli(['meter', 'read', source, '--output', output]);
      expect(run, extension).toMatchObject({ code: 0, stdout: '' });
      const written = await readFile(output);
      expect(written.toString('latin1').startsWith(start), extension).toBe(true);
    }
    const back = await runCli(['meter', 'read', join(folder, 'out.senml.json'), '--json']);
    const counts = back.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).value);
    expect(counts).toEqual(['0', '0.125', '0.35', '0.675', '1.1']);
    const nowhere = await runCli(['meter', 'read', source, '-o', join(folder, 'none', 'x.csv')]);
    expect(nowhere).toMatchObject({ code: 2, stdout: '' });
    const piped = await runCli(['meter', 'read', source, '--format', 'cim']);
    expect(piped.stdout).toContain('<value>0.425</value>');
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});
