import papaparse from 'papaparse';
import { readMeterPieces } from '../../packages/oehu-client/src/sources.ts';

/** Bytes of a 32 MB CSV of minutes: a local time and a decimal number. */
function minutes(): Uint8Array {
  const size = 32 << 20;
  const bytes = new Uint8Array(size + 64);
  const encoder = new TextEncoder();
  let length = encoder.encodeInto('Zeit;Verbrauch (kWh)\r\n', bytes).written;
  for (let i = 0; length < size; i++) {
    const time = new Date(Date.UTC(2020, 0, 1) + i * 60_000).toISOString().slice(0, 16).replace('T', ' ');
    length += encoder.encodeInto(`${time};0,${100 + (i % 900)}\r\n`, bytes.subarray(length)).written;
  }
  return bytes.subarray(0, length);
}

/**
 * `csv-child ours|papaparse`: reads 32 MB of CSV in a process of its own and prints `{ rows, ms, peakMb, baseMb }` as
 * JSON; `ms` is processor time of all its threads. The peer makes numbers of the texts and calendar times of the dates, as whoever uses it has to.
 */
const reader = process.argv[2];
const bytes = minutes();
const baseMb = process.memoryUsage().rss / 1e6;
const began = process.cpuUsage();
let rows = 0;
if (reader === 'papaparse') {
  const kept: { at: number; value: number }[] = [];
  papaparse.parse<string[]>(new TextDecoder().decode(bytes), {
    delimiter: ';',
    step: ({ data: [time = '', value = ''] }) => {
      kept.push({ at: Date.parse(`${time.replace(' ', 'T')}Z`), value: Number(value.replace(',', '.')) });
    },
  });
  rows = kept.length;
} else {
  const file = readMeterPieces(bytes, {
    csv: {
      delimiter: ';',
      decimal: ',',
      time: 'Zeit',
      timeFormat: 'local',
      zone: 'Europe/Vienna',
      stepSeconds: 60,
      columns: [
        {
          column: 'Verbrauch (kWh)',
          commodity: 'electricity',
          flow: 'import',
          unit: 'kWh',
          kind: 'interval',
        },
      ],
    },
  });
  // Whoever reads in pieces does something with each and lets go of it.
  let sum = 0;
  for (const piece of file.pieces()) {
    for (const { value } of piece) sum += value;
    rows += piece.length;
  }
  if (!(sum > 0)) throw new Error('The readings have no values');
}
const { user, system } = process.cpuUsage(began);
const ms = (user + system) / 1_000;
const peakMb = process.resourceUsage().maxRSS / 1000;
process.stdout.write(`${JSON.stringify({ rows, ms, peakMb, baseMb })}\n`);
