import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatReading, readMeterFile } from '../packages/oehu-client/src/index.ts';
import { openWorkbook, type SheetCell } from '../packages/oehu-client/src/sources/formats/xlsx/workbook.ts';
import { main } from './lib/run.ts';
import { root } from './lib/workspace.ts';

/** A workbook that openpyxl wrote, and what is in its visible sheets. */
interface Written {
  readonly name: string;
  readonly sheets: Readonly<Record<string, readonly (readonly SheetCell[])[]>>;
}

const MOST_TOLD = 20;
const samples = join(root, 'packages/oehu-client/samples');

/** Cells of which ours and theirs differ; empty cells at the end of a row and empty rows at the end count as absent. */
function* differences({ name, sheets }: Written, bytes: Uint8Array): Generator<string, number> {
  const book = openWorkbook(bytes);
  let count = 0;
  const [ours, theirs] = [book.sheets.join(', '), Object.keys(sheets).join(', ')];
  if (ours !== theirs) yield `${name}: sheets ${ours} instead of ${theirs}`;
  for (const [title, rows] of Object.entries(sheets)) {
    const read = book.sheet(title).rows;
    for (let r = 0; r < Math.max(rows.length, read.length); r++) {
      const [mine, given] = [read[r] ?? [], rows[r] ?? []];
      for (let c = 0; c < Math.max(mine.length, given.length); c++) {
        count++;
        const [a, b] = [mine[c] ?? '', given[c] ?? ''];
        if (a !== b)
          yield `${name} ${title} ${r + 1}/${c + 1}: ${JSON.stringify(a)} instead of ${JSON.stringify(b)}`;
      }
    }
  }
  return count;
}

/**
 * `workbook-oracles FOLDER`: reads the workbooks that `make_workbooks.py` wrote there, and writes what we read in the
 * workbooks among the samples for `check_workbooks.py`. Fails when a cell differs.
 */
await main('workbook-oracles', async () => {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Error('Expected a folder');
  const written = JSON.parse(readFileSync(join(folder, 'workbooks.json'), 'utf8')) as readonly Written[];
  const wrong: string[] = [];
  let cells = 0;
  for (const one of written) {
    const found = differences(one, new Uint8Array(readFileSync(join(folder, 'workbooks', one.name))));
    let next = found.next();
    for (; next.done !== true; next = found.next()) wrong.push(next.value);
    cells += next.value;
  }
  const verdict = wrong.length === 0 && cells > 0 ? 'ok  ' : 'FAIL';
  process.stdout.write(
    `${verdict} openpyxl: ${cells} cells of ${written.length} workbooks, ${wrong.length} disagreements\n`,
  );
  for (const line of wrong.slice(0, MOST_TOLD)) process.stdout.write(`     ${line}\n`);
  const files = readdirSync(samples).filter((name) => name.endsWith('.xlsx'));
  const readings = files.map((name) => ({
    name,
    readings: readMeterFile(new Uint8Array(readFileSync(join(samples, name))), {
      receivedAt: Date.UTC(2026, 11, 1),
    }).readings.map(formatReading),
  }));
  writeFileSync(join(folder, 'workbook-readings.json'), JSON.stringify(readings));
  if (wrong.length > 0 || cells === 0)
    throw new Error('Workbooks are read otherwise than openpyxl wrote them');
});
