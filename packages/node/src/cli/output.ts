import { isEdmpError } from '@edmp/interface';
import { displayable, displayableLines, isDisplayable } from '@edmp/interface/format';

/** Exit codes of the CLI: 0 done, 1 failed, 2 wrong usage, 3 the node cannot be reached. */
export const ExitCode = { ok: 0, failed: 1, usage: 2, unreachable: 3 } as const;

/** Most characters of one cell of a table, and of one text of a stranger. */
const MAX_CELL = 200;
const PRINTABLE_ASCII = /^[\n\x20-\x7e]*$/;

/** `\u001b` of an escape character, one for each UTF-16 unit. */
const escaped = (character: string): string =>
  Array.from({ length: character.length }, (_, n) => character.charCodeAt(n).toString(16).padStart(4, '0'))
    .map((unit) => `\\u${unit}`)
    .join('');

/**
 * Makes bigint and bytes fit for JSON: decimal text and lower-case hexadecimal. Characters that a terminal must not get
 * raw are escaped, and read back as what they are.
 */
export function toJson(value: unknown, space?: number): string {
  return safeJson(
    JSON.stringify(
      value,
      (_key, part: unknown) => {
        if (typeof part === 'bigint') return part.toString();
        if (part instanceof Uint8Array) return Buffer.from(part).toString('hex');
        return part;
      },
      space,
    ),
  );
}

/** The same JSON with every character escaped that a terminal must not get raw. */
export function safeJson(json: string): string {
  if (PRINTABLE_ASCII.test(json)) return json;
  // Outside of its texts JSON is ASCII, so that only what stands in them can be touched.
  return Array.from(json, (character) =>
    character === '\n' || isDisplayable(character) ? character : escaped(character),
  ).join('');
}

/** What a stranger wrote, in a form that a terminal may show: one line, nothing invisible, at most `max` characters. */
export function strangersText(text: string, max: number = MAX_CELL): string {
  return displayable(text, max);
}

/** One line for people about a failure, with its code unless `withCode` is false. */
export function describeError(error: unknown, withCode = true): string {
  if (isEdmpError(error)) {
    // Input errors of the API name the part of the request, which means nothing on a command line.
    const text =
      error.code === 'ERR_HTTP_INPUT' ? error.message.replace(/\b(?:body|query|path)\./g, '') : error.message;
    return withCode ? `${firstLine(text)} (${firstLine(error.code)})` : firstLine(text);
  }
  return firstLine(error instanceof Error ? error.message : String(error));
}

// A message may repeat what a stranger or another node said.
const firstLine = (text: string): string => displayable(text.split('\n')[0] ?? '', 1_000);

const USAGE_CODES: readonly string[] = ['ERR_INVALID_ARGUMENT', 'ERR_NODE_CONFIG', 'ERR_HTTP_INPUT'];

/** Exit code that fits a failure. */
export function exitCodeOf(error: unknown): number {
  if (isEdmpError(error) && USAGE_CODES.includes(error.code)) return ExitCode.usage;
  if (isEdmpError(error, 'ERR_HTTP_UNREACHABLE')) return ExitCode.unreachable;
  return ExitCode.failed;
}

/** Writes text of one or more lines to the standard output: the last filter before a terminal. */
export function write(text: string): void {
  process.stdout.write(displayableLines(text));
}

/** {@link write} to the standard error. */
export function writeError(text: string): void {
  process.stderr.write(displayableLines(text));
}

/** Writes a CSV file (lines end in CRLF) or a JSON text as it is, but for what a terminal must not get raw. */
export function writeFile(text: string, format: 'csv' | 'json'): void {
  process.stdout.write(
    format === 'json' ? safeJson(text) : text.split('\r\n').map(displayableLines).join('\r\n'),
  );
}

/** Prints a value as JSON or as text for people. */
export function print(json: boolean, value: unknown, text: () => string): void {
  if (json) process.stdout.write(`${toJson(value, 2)}\n`);
  else write(`${text()}\n`);
}

/** Aligned columns for terminals; the last column is not padded. Cells may be what strangers wrote. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const shown = rows.map((cells) => cells.map((cell) => strangersText(cell)));
  const widths = header.map((title, column) =>
    Math.max(title.length, ...shown.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [line(header), line(widths.map((width) => '─'.repeat(width))), ...shown.map(line)].join('\n');
}
