import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import dsmrParser from 'dsmr-parser';
import { XMLParser } from 'fast-xml-parser';
import { nodeCrypto } from '../packages/interface/src/crypto/node.ts';
import { publicKey, utf8ToBytes } from '../packages/interface/src/index.ts';
import { startOehuEmulator } from '../packages/oehu-client/src/emulator.ts';
import { intervalSeries, type MeterReading } from '../packages/oehu-client/src/index.ts';
import { verifyTransactionChain } from '../packages/oehu-client/src/oehu.ts';
import { eachCsvRow } from '../packages/oehu-client/src/sources/formats/csv/text.ts';
import { crc16Arc } from '../packages/oehu-client/src/sources/formats/p1/crc16.ts';
import { p1Stream, readCsv, readGreenButton } from '../packages/oehu-client/src/sources.ts';
import { sqliteReadingStore } from '../packages/oehu-client/src/sqlite.ts';
import { against, type Bench, elapsedMs, median, type Report } from './harness.ts';

const crypto = nodeCrypto();

/** A DSMR 5 telegram of usual length with its CRC. */
function telegram(number: number): Uint8Array {
  const milli = (value: number): string =>
    `${String(Math.floor(value / 1000)).padStart(6, '0')}.${String(value % 1000).padStart(3, '0')}`;
  const clock = String(number % 60).padStart(2, '0');
  const lines = [
    '1-3:0.2.8(50)',
    `0-0:1.0.0(2601011200${clock}W)`,
    '0-0:96.1.1(4B384547303034303436333935353037)',
    `1-0:1.8.1(${milli(4_426_000 + number)}*kWh)`,
    `1-0:1.8.2(${milli(2_399_000)}*kWh)`,
    `1-0:2.8.1(${milli(2_444_000)}*kWh)`,
    `1-0:2.8.2(${milli(0)}*kWh)`,
    '0-0:96.14.0(0002)',
    '1-0:1.7.0(00.244*kW)',
    '1-0:2.7.0(00.000*kW)',
    '0-0:96.7.21(00013)',
    '0-0:96.7.9(00000)',
    '1-0:99.97.0(0)(0-0:96.7.19)',
    ...['32', '52', '72'].flatMap((phase) => [
      `1-0:${phase}.32.0(00000)`,
      `1-0:${phase}.36.0(00000)`,
      `1-0:${phase}.7.0(0230.0*V)`,
    ]),
    ...['31', '51', '71'].map((phase) => `1-0:${phase}.7.0(0.48*A)`),
    ...['21', '41', '61', '22', '42', '62'].map((phase) => `1-0:${phase}.7.0(00.070*kW)`),
    '0-1:24.1.0(003)',
    '0-1:96.1.0(3232323241424344313233343536373839)',
    '0-1:24.2.1(260101115500W)(00000.107*m3)',
  ];
  const body = utf8ToBytes(`/BEN5\\2MT382-1000\r\n\r\n${lines.join('\r\n')}\r\n!`);
  const crc = crc16Arc(body).toString(16).toUpperCase().padStart(4, '0');
  return Uint8Array.from([...body, ...utf8ToBytes(`${crc}\r\n`)]);
}

/** Telegrams a second and MB/s through the stream reader, against one SHA-256 of the same bytes. */
async function p1Parse(report: Report): Promise<void> {
  const count = 5000;
  const telegrams = Array.from({ length: count }, (_, i) => telegram(i));
  const bytes = telegrams.reduce((sum, one) => sum + one.length, 0);
  const rate = await against(
    count,
    () => {
      const stream = p1Stream();
      let read = 0;
      for (const one of telegrams) for (const event of stream.push(one)) if (event.ok) read++;
      if (read !== count) throw new Error(`read ${read} of ${count} telegrams`);
    },
    () => {
      for (const one of telegrams) crypto.sha256(one);
    },
  );
  report({ metric: 'p1-parse', value: rate.value, unit: '1/s', floor: rate.floor, ratio: rate.ratio });
  // The peer takes one telegram as text; here the stream is cut into telegrams too.
  const latin1 = new TextDecoder('latin1');
  const peer = await against(
    count,
    () => {
      const stream = p1Stream();
      for (const one of telegrams) stream.push(one);
    },
    () => {
      for (const one of telegrams) dsmrParser.parse(latin1.decode(one));
    },
    5,
  );
  report({
    metric: 'p1-parse-peer',
    value: peer.value,
    unit: '1/s',
    ratio: peer.ratio,
    peer: 'npm dsmr-parser',
    peerValue: peer.floor,
  });
  report({ metric: 'p1-parse-bytes', value: (rate.value * bytes) / count / 1e6, unit: 'MB/s' });
}

/** Readings a second verified as a chain, against two SHA3-256 and one raw ed25519 verification each. */
async function oehuVerify(report: Report): Promise<void> {
  const emulator = await startOehuEmulator({ households: 1, days: 1 });
  const [device] = emulator.devices;
  const transactions = device?.rows(0, 1440).map((row) => row.transaction) ?? [];
  const texts = transactions.map((transaction) => utf8ToBytes(JSON.stringify(transaction)));
  const [first] = transactions;
  const fulfillment = Buffer.from(first?.inputs[0]?.fulfillment ?? '', 'base64url');
  const item = {
    signature: new Uint8Array(fulfillment.subarray(38)),
    publicKey: publicKey(new Uint8Array(fulfillment.subarray(4, 36))),
    message: new Uint8Array(32),
  };
  const sha3 = (data: Uint8Array): Uint8Array => createHash('sha3-256').update(data).digest();
  const floor = async (): Promise<void> => {
    for (const text of texts) {
      sha3(text);
      sha3(text);
    }
    await crypto.ed25519VerifyMany(texts.map(() => item));
  };
  for (const [metric, options] of [
    ['oehu-verify', { crypto }],
    ['oehu-verify-node-sha3', { crypto, sha3 }],
  ] as const) {
    const rate = await against(
      transactions.length,
      async () => {
        const { level } = await verifyTransactionChain(transactions, options);
        if (level !== 'linked') throw new Error(`verified as ${level}`);
      },
      floor,
    );
    report({ metric, value: rate.value, unit: '1/s', floor: rate.floor, ratio: rate.ratio });
  }
  await emulator.stop();
}

/** A year of minute readings into quarter hours, against summing the same numbers from JSON. */
async function seriesYear(report: Report): Promise<void> {
  const start = Date.UTC(2024, 11, 31, 23);
  const count = 525_600;
  const readings: MeterReading[] = [];
  let value = 0;
  for (let minute = 0; minute <= count; minute++) {
    readings.push({
      commodity: 'electricity',
      flow: 'import',
      tariff: 1,
      at: start + minute * 60_000,
      value,
      unit: 'uKWh',
      trust: 'linked',
      record: String(minute),
    });
    value += 3000 + ((minute * 7919) % 5000);
  }
  const json = JSON.stringify(readings.map((reading) => reading.value));
  const rate = await against(
    count,
    () => {
      const series = intervalSeries(readings, {
        commodity: 'electricity',
        flow: 'import',
        from: start,
        to: start + count * 60_000,
        step: 'PT15M',
        zone: 'Europe/Amsterdam',
      });
      if (series.values.length !== 35_040 || series.report.missing > 0) throw new Error('the year has gaps');
    },
    () => {
      (JSON.parse(json) as number[]).reduce((sum, one) => sum + one, 0);
    },
  );
  report({
    metric: 'series-year-1min',
    value: (count * 1000) / rate.value,
    unit: 'ms',
    floor: (count * 1000) / rate.floor,
    ratio: rate.ratio,
  });
  report({ metric: 'series-readings', value: rate.value, unit: '1/s' });
}

/** Intervals a second from Green Button XML, against decoding the bytes to text. */
async function greenButton(report: Report): Promise<void> {
  const count = 35_040;
  const interval = (i: number): string =>
    `<IntervalReading><timePeriod><duration>900</duration><start>${1_725_321_600 + i * 900}</start></timePeriod><value>${10_000 + i}</value></IntervalReading>`;
  const text =
    '<feed xmlns="http://www.w3.org/2005/Atom"><entry><link rel="self" href="/UsagePoint/1"/><content><UsagePoint><ServiceCategory><kind>0</kind></ServiceCategory></UsagePoint></content></entry>' +
    '<entry><link rel="self" href="/ReadingType/1"/><content><ReadingType><accumulationBehaviour>4</accumulationBehaviour><flowDirection>1</flowDirection><powerOfTenMultiplier>-3</powerOfTenMultiplier><uom>72</uom></ReadingType></content></entry>' +
    `<entry><link rel="up" href="/UsagePoint/1/MeterReading/1/IntervalBlock"/><content><IntervalBlock>${Array.from({ length: count }, (_, i) => interval(i)).join('')}</IntervalBlock></content></entry></feed>`;
  const bytes = utf8ToBytes(text);
  const rate = await against(
    count,
    () => {
      const file = readGreenButton(text);
      if (file.readings.length !== count)
        throw new Error(`read ${file.readings.length} of ${count} intervals`);
    },
    () => {
      crypto.sha256(bytes);
      new TextDecoder().decode(bytes);
    },
  );
  report({
    metric: 'greenbutton-parse',
    value: rate.value,
    unit: '1/s',
    floor: rate.floor,
    ratio: rate.ratio,
  });
  const peer = await against(
    count,
    () => void readGreenButton(text),
    () => void new XMLParser({ ignoreAttributes: false, parseTagValue: true }).parse(text),
  );
  report({
    metric: 'greenbutton-parse-peer',
    value: peer.value,
    unit: '1/s',
    ratio: peer.ratio,
    peer: 'fast-xml-parser',
    peerValue: peer.floor,
  });
  report({
    metric: 'greenbutton-parse-bytes',
    value: (rate.value * bytes.length) / count / 1e6,
    unit: 'MB/s',
  });
}

/** Rows a second of a mapped CSV of local times, against the lexer alone. */
async function csvRows(report: Report): Promise<void> {
  const count = 35_040;
  const local = (i: number): string =>
    new Date(Date.UTC(2025, 0, 1) + i * 900_000).toISOString().slice(0, 16).replace('T', ' ');
  const rows = Array.from({ length: count }, (_, i) => `${local(i)};0,${100 + (i % 900)}`);
  const text = `Zeit;Verbrauch (kWh)\r\n${rows.join('\r\n')}\r\n`;
  const rate = await against(
    count,
    () => {
      const file = readCsv(text, {
        delimiter: ';',
        decimal: ',',
        time: 'Zeit',
        timeFormat: 'local',
        zone: 'Europe/Vienna',
        stepSeconds: 900,
        columns: [
          {
            column: 'Verbrauch (kWh)',
            commodity: 'electricity',
            flow: 'import',
            unit: 'kWh',
            kind: 'interval',
          },
        ],
      });
      // The hour that did not exist is left out.
      if (file.readings.length !== count - 4)
        throw new Error(`read ${file.readings.length} of ${count} rows`);
    },
    () => {
      eachCsvRow(text, ';', () => undefined);
    },
  );
  report({ metric: 'csv-rows', value: rate.value, unit: '1/s', floor: rate.floor, ratio: rate.ratio });
}

/** What a child process that reads 32 MB of CSV tells. */
interface CsvRun {
  readonly rows: number;
  readonly ms: number;
  readonly peakMb: number;
  readonly baseMb: number;
}

/** 32 MB of CSV in a process of its own: rows a second beside papaparse, and the most memory it took. */
async function csvLarge(report: Report): Promise<void> {
  const child = async (reader: string): Promise<CsvRun> => {
    const script = join(import.meta.dirname, 'meters/csv-child.ts');
    // Else the collector lets the young garbage of either grow to 200 MB before it looks at it; a node's thread has this bound.
    const args = ['--conditions=edmp-source', '--max-semi-space-size=16', script, reader];
    return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout) as CsvRun;
  };
  const peer = await child('papaparse');
  const ours = await child('ours');
  report({
    metric: 'csv-32mb',
    value: (ours.rows * 1000) / ours.ms,
    unit: '1/s',
    ratio: peer.ms / peer.rows / (ours.ms / ours.rows),
    peer: 'papaparse with numbers',
    peerValue: (peer.rows * 1000) / peer.ms,
  });
  report({
    metric: 'csv-32mb-rss',
    value: ours.peakMb,
    unit: 'MB',
    peer: 'papaparse with numbers',
    peerValue: peer.peakMb,
  });
}

/** A month of minutes in two tariffs: into the recorder's file, and out of it as registers. */
async function recorderMonth(report: Report): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'edmp-bench-meters-'));
  const from = Date.UTC(2026, 0, 1);
  const count = 31 * 1440;
  const readings = Array.from(
    { length: 2 * count },
    (_, i): MeterReading => ({
      commodity: 'electricity',
      flow: 'import',
      tariff: 1 + (i % 2),
      at: from + Math.floor(i / 2) * 60_000,
      value: i * 1000,
      unit: 'uKWh',
      trust: 'unsigned',
      record: `E1@${i}`,
      serial: 'E1',
      register: `1-0:1.8.${1 + (i % 2)}`,
    }),
  );
  await using store = sqliteReadingStore({ path: join(folder, 'readings.sqlite') });
  try {
    const inserted = await elapsedMs(async () => {
      for (let i = 0; i < readings.length; i += 10_000)
        await store.add('home', readings.slice(i, i + 10_000), from + i);
    });
    report({ metric: 'recorder-insert', value: (readings.length * 1000) / inserted, unit: '1/s' });
    const query = await median(() =>
      elapsedMs(async () => {
        const found = await store.range({ meter: 'home', from, to: from + count * 60_000 });
        if (found.length !== readings.length) throw new Error(`found ${found.length} readings`);
      }),
    );
    report({ metric: 'recorder-month-query', value: query, unit: 'ms' });
  } finally {
    await store.close();
    await rm(folder, { recursive: true });
  }
}

/** Meters: parsing telegrams and files, verifying readings, making series. */
export const bench: Bench = {
  name: 'meters',
  async run(report) {
    await p1Parse(report);
    await oehuVerify(report);
    await seriesYear(report);
    await greenButton(report);
    await csvRows(report);
    await csvLarge(report);
    await recorderMonth(report);
  },
};
