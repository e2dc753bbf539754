import { isEdmpError } from '@edmp/interface';
import type { NodeClient, PreviewView } from '@edmp/node/client';
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Field, Loading, Problem } from '../components/bits.tsx';
import { DraftInput } from '../components/draft-input.tsx';
import { FileIssues } from '../components/file-issues.tsx';
import { useNode } from '../state/node.ts';
import { changed, columnChoices, type MapColumn, STEPS, type TableMap, tableMapOf } from '../text/csv-map.ts';

/** A text file is shown by its beginning; a workbook must be whole. */
const SHOWN_BYTES = 1 << 20;

async function headOf(file: File): Promise<Uint8Array> {
  const start = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  const isZip = start[0] === 0x50 && start[1] === 0x4b;
  if (isZip || file.size <= SHOWN_BYTES) return new Uint8Array(await file.arrayBuffer());
  const bytes = new Uint8Array(await file.slice(0, SHOWN_BYTES).arrayBuffer());
  // Whole lines; some programs end them with 0d alone, and in UTF-16 their ends have two bytes.
  let end = Math.max(bytes.lastIndexOf(0x0a), bytes.lastIndexOf(0x0d)) + 1;
  if (end % 2 !== 0 && bytes[end] === 0) end++;
  return end === 0 ? bytes : bytes.subarray(0, end);
}

/** Whether a file that was refused is a table that its owner can explain. */
export async function isUnknownTable(client: NodeClient, file: File, failure: unknown): Promise<boolean> {
  if (!isEdmpError(failure, 'ERR_METER_FORMAT')) return false;
  try {
    return (await client.previewReadings(await headOf(file))).csvMap !== null;
  } catch {
    return false;
  }
}

interface Choice {
  readonly value: string;
  readonly text: string;
}

function Select(props: {
  readonly label: string;
  readonly hint?: string;
  readonly value: string;
  readonly choices: readonly Choice[];
  readonly onChange: (value: string) => void;
}): VNode {
  return (
    <Field label={props.label} hint={props.hint}>
      {(ids) => (
        <select {...ids} value={props.value} onChange={(event) => props.onChange(event.currentTarget.value)}>
          {props.choices.map(({ value, text }) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

const choices = (...pairs: readonly (readonly [string, string])[]): Choice[] =>
  pairs.map(([value, text]) => ({ value, text }));
const FORMATS = choices(
  ['local', 'local time'],
  ['iso', 'time with its offset'],
  ['epoch-s', 'seconds since 1970'],
  ['epoch-ms', 'milliseconds since 1970'],
);
const COMMODITIES = choices(
  ['electricity', 'Electricity'],
  ['gas', 'Gas'],
  ['water', 'Water'],
  ['heat', 'Heat'],
);
const KINDS = choices(
  ['interval', 'amount of the interval'],
  ['register', 'state of the counter'],
  ['power', 'mean power'],
);

/** The columns of amounts: what each holds, and whether it is read. */
function Amounts(props: {
  readonly all: readonly MapColumn[];
  readonly map: TableMap;
  readonly nameOf: (column: string | number) => string;
  readonly onChange: (columns: readonly MapColumn[]) => void;
}): VNode {
  const { all, map, nameOf, onChange } = props;
  const used = (one: MapColumn): MapColumn | undefined =>
    map.columns.find(({ column }) => column === one.column);
  const put = (one: MapColumn, next: MapColumn | undefined): void =>
    onChange(
      all.flatMap((column) => {
        if (column.column === one.column) return next === undefined ? [] : [next];
        return used(column) ?? [];
      }),
    );
  return (
    <>
      {all.map((guess) => {
        const now = used(guess);
        const name = nameOf(guess.column);
        return (
          <fieldset key={guess.column} class="stack">
            <label class="check">
              <input
                type="checkbox"
                checked={now !== undefined}
                disabled={now !== undefined && map.columns.length === 1}
                onChange={() => put(guess, now === undefined ? guess : undefined)}
              />
              <strong class="wrap">{name}</strong>
            </label>
            {now !== undefined && (
              <div class="fields fields-narrow">
                <Select
                  label="Of"
                  value={now.commodity}
                  choices={COMMODITIES}
                  onChange={(commodity) => put(guess, { ...now, commodity })}
                />
                <Select
                  label="Direction"
                  value={now.flow}
                  choices={choices(['import', 'from the grid'], ['export', 'to the grid'])}
                  onChange={(flow) => put(guess, { ...now, flow })}
                />
                <Select
                  label="Holds the"
                  value={now.kind}
                  choices={KINDS}
                  onChange={(kind) => put(guess, { ...now, kind })}
                />
                <Field label="Unit">
                  {(ids) => (
                    <DraftInput
                      {...ids}
                      maxLength={16}
                      value={now.unit}
                      onCommit={(text) => put(guess, { ...now, unit: text.trim() || now.unit })}
                    />
                  )}
                </Field>
              </div>
            )}
          </fieldset>
        );
      })}
    </>
  );
}

/** Time, length and marks of the table. */
function Times(props: {
  readonly map: TableMap;
  readonly columns: ReturnType<typeof columnChoices>;
  readonly onChange: (map: TableMap) => void;
}): VNode {
  const { map, columns, onChange } = props;
  const key = (value: string | number | undefined): string =>
    value === undefined ? '' : JSON.stringify(value);
  const columnList = columns.map(({ value, text }) => ({ value: key(value), text }));
  const put = (by: Parameters<typeof changed>[1]): void => onChange(changed(map, by));
  const columnOf = (text: string): string | number | undefined =>
    columns.find(({ value }) => key(value) === text)?.value;
  const step = String(map.stepSeconds ?? '');
  const steps = STEPS.map(([seconds, text]) => ({ value: String(seconds), text }));
  const isOther = !steps.some(({ value }) => value === step);
  return (
    <div class="fields">
      <Select
        label="Date and time"
        value={key(map.time)}
        choices={columnList}
        onChange={(text) => put({ time: columnOf(text) ?? map.time })}
      />
      <Select
        label="Time of day, when apart"
        value={key(map.clock)}
        choices={[{ value: '', text: 'with the date' }, ...columnList]}
        onChange={(text) => put({ clock: columnOf(text) })}
      />
      <Select
        label="Written as"
        value={map.timeFormat}
        choices={FORMATS}
        onChange={(timeFormat) => put({ timeFormat })}
      />
      {map.timeFormat === 'local' && (
        <>
          <Field label="Time zone">
            {(ids) => (
              <DraftInput
                {...ids}
                maxLength={64}
                value={map.zone ?? ''}
                onCommit={(text) => put({ zone: text.trim() || undefined })}
              />
            )}
          </Field>
          <Select
            label="Order of dates"
            value={map.dateOrder ?? ''}
            choices={choices(
              ['', 'as the file shows'],
              ['day-first', 'day first: 31/12'],
              ['month-first', 'month first: 12/31'],
            )}
            onChange={(order) => put({ dateOrder: order || undefined })}
          />
        </>
      )}
      <Select
        label="The time is"
        value={map.stamp ?? ''}
        choices={choices(
          ['', 'as the file shows'],
          ['start', 'the start of the interval'],
          ['end', 'the end of the interval'],
        )}
        onChange={(stamp) => put({ stamp: stamp || undefined })}
      />
      <Select
        label="An interval lasts"
        value={step}
        choices={[
          ...(isOther ? [{ value: step, text: step === '' ? 'choose…' : `${step} seconds` }] : []),
          ...steps,
        ]}
        onChange={(seconds) => put({ stepSeconds: seconds === '' ? undefined : Number(seconds) })}
      />
      <Select
        label="Decimal mark"
        value={map.decimal ?? '.'}
        choices={choices(['.', 'point: 0.5'], [',', 'comma: 0,5'])}
        onChange={(decimal) => put({ decimal, ...(map.grouping === decimal ? { grouping: undefined } : {}) })}
      />
      <Select
        label="Digits are grouped by"
        value={map.grouping ?? ''}
        choices={choices(
          ['', 'nothing, or as the file shows'],
          ...(map.decimal === ','
            ? ([['.', 'point: 12.345']] as const)
            : ([[',', 'comma: 12,345']] as const)),
          [' ', 'space: 12 345'],
          ["'", "apostrophe: 12'345"],
        )}
        onChange={(grouping) => put({ grouping: grouping || undefined })}
      />
    </div>
  );
}

/** The first rows of the table as they stand in the file. */
function AsItStands({ headings, rows }: Pick<PreviewView, 'headings' | 'rows'>): VNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
    <section class="scroll" tabIndex={0} aria-label="The file as it stands">
      <table>
        <thead>
          <tr>
            {headings.map((heading, index) => (
              <th key={index} scope="col">
                {heading || `Column ${index + 1}`}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, line) => (
            <tr key={line}>
              {headings.map((_, index) => (
                <td key={index}>{row[index] ?? ''}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Times of a zone; of the reader's own where the browser does not know that one. */
function clockOf(zone: string | undefined): Intl.DateTimeFormat {
  const how = { dateStyle: 'medium', timeStyle: 'short' } as const;
  try {
    return new Intl.DateTimeFormat('en-GB', { ...how, ...(zone === undefined ? {} : { timeZone: zone }) });
  } catch {
    return new Intl.DateTimeFormat('en-GB', how);
  }
}

/** The first readings as they would be taken. */
function AsRead({
  preview,
  zone,
}: {
  readonly preview: PreviewView;
  readonly zone: string | undefined;
}): VNode {
  const { readings, count, issues, problem } = preview;
  const format = clockOf(zone);
  const moment = (at: number | null): string => (at === null ? 'no time' : format.format(at));
  if (problem !== null)
    return (
      <div class="problem" role="alert">
        <p>{problem}</p>
      </div>
    );
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard */}
      <section class="scroll" tabIndex={0} aria-label="As it would be read">
        <table>
          <thead>
            <tr>
              <th scope="col">From</th>
              <th scope="col" class="number">
                Amount
              </th>
              <th scope="col">What</th>
            </tr>
          </thead>
          <tbody>
            {readings.map((one, index) => (
              <tr key={index}>
                <td>
                  {moment(one.at)}
                  {one.seconds !== null && <span class="sub"> for {one.seconds / 60} min</span>}
                </td>
                <td class="number">
                  {one.value} {one.unit}
                </td>
                <td>
                  {one.commodity}, {one.flow === 'import' ? 'from' : 'to'} the grid
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <FileIssues issues={issues} />
      <p class="sub">{count} readings in what was looked at.</p>
    </>
  );
}

/** A table of no known kind: how it would be read, to be put right and confirmed by its owner. */
export function MapFile(props: {
  readonly file: File;
  readonly onTake: (csvMap: string) => void;
  readonly onClose: () => void;
}): VNode {
  const { client } = useNode();
  const [table, setTable] = useState<PreviewView | undefined>(undefined);
  const [map, setMap] = useState<TableMap | undefined>(undefined);
  const [shown, setShown] = useState<
    { readonly map: string | undefined; readonly preview: PreviewView } | undefined
  >(undefined);
  const [error, setError] = useState<unknown>(undefined);
  const wanted = map === undefined ? undefined : JSON.stringify(map);
  useEffect(() => {
    const stop = new AbortController();
    void (async () => {
      try {
        const bytes = await headOf(props.file);
        const how = wanted === undefined ? {} : { csvMap: wanted };
        const preview = await client.previewReadings(bytes, how, { signal: stop.signal });
        if (stop.signal.aborted) return;
        setError(undefined);
        setShown({ map: wanted, preview });
        if (wanted === undefined) {
          setTable(preview);
          setMap(tableMapOf(preview.csvMap));
        }
      } catch (failure) {
        if (!stop.signal.aborted) setError(failure);
      }
    })();
    return () => stop.abort();
  }, [client, props.file, wanted]);
  const guess = table === undefined ? undefined : tableMapOf(table.csvMap);
  if (table === undefined || map === undefined || guess === undefined)
    return error === undefined ? <Loading what="the file" /> : <Problem error={error} />;
  const names = columnChoices(table);
  const isCurrent = shown !== undefined && shown.map === wanted;
  const isGood =
    isCurrent && error === undefined && shown.preview.problem === null && shown.preview.count > 0;
  return (
    <div class="stack">
      <p>
        This file is of no known kind. Below is how it would be read: look at it, and put right what is wrong.
      </p>
      <h3>The file</h3>
      <AsItStands headings={table.headings} rows={table.rows} />
      {table.questions.length > 0 && (
        <>
          <h3>What the file does not tell</h3>
          <ul class="wrap">
            {table.questions.map((question) => (
              <li key={question}>{question}</li>
            ))}
          </ul>
        </>
      )}
      <h3>Times and marks</h3>
      <Times map={map} columns={names} onChange={setMap} />
      <h3>Amounts</h3>
      <Amounts
        all={guess.columns}
        map={map}
        nameOf={(column) => names.find(({ value }) => value === column)?.text ?? String(column)}
        onChange={(columns) => setMap(changed(map, { columns }))}
      />
      <h3>As it would be read</h3>
      {shown !== undefined && (
        <AsRead preview={shown.preview} zone={tableMapOf(shown.preview.csvMap)?.zone} />
      )}
      <Problem error={error} />
      <div class="row">
        <button
          type="button"
          class="btn go"
          disabled={!isGood}
          onClick={() => wanted !== undefined && props.onTake(wanted)}
        >
          This is right: read it
        </button>
        <button type="button" class="btn" onClick={props.onClose}>
          Not now
        </button>
      </div>
    </div>
  );
}
