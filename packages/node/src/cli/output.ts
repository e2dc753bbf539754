import { isEdmpError } from '@edmp/interface';

/** Exit codes of the CLI: 0 done, 1 failed, 2 wrong usage, 3 the node cannot be reached. */
export const ExitCode = { ok: 0, failed: 1, usage: 2, unreachable: 3 } as const;

/** Makes bigint and bytes fit for JSON: decimal text and lower-case hexadecimal. */
export function toJson(value: unknown, space?: number): string {
  return JSON.stringify(
    value,
    (_key, part: unknown) => {
      if (typeof part === 'bigint') return part.toString();
      if (part instanceof Uint8Array) return Buffer.from(part).toString('hex');
      return part;
    },
    space,
  );
}

/** One line for people about a failure, with its code. */
export function describeError(error: unknown): string {
  if (isEdmpError(error)) {
    // Input errors of the API name the part of the request, which means nothing on a command line.
    const text =
      error.code === 'ERR_HTTP_INPUT' ? error.message.replace(/\b(?:body|query|path)\./g, '') : error.message;
    return `${text.split('\n')[0] ?? ''} (${error.code})`;
  }
  if (error instanceof Error) return error.message;
  return String(error);
}

const USAGE_CODES: readonly string[] = ['ERR_INVALID_ARGUMENT', 'ERR_NODE_CONFIG', 'ERR_HTTP_INPUT'];

/** Exit code that fits a failure. */
export function exitCodeOf(error: unknown): number {
  if (isEdmpError(error) && USAGE_CODES.includes(error.code)) return ExitCode.usage;
  if (isEdmpError(error, 'ERR_HTTP_UNREACHABLE')) return ExitCode.unreachable;
  return ExitCode.failed;
}

/** Prints a value as JSON or as text for people. */
export function print(json: boolean, value: unknown, text: () => string): void {
  process.stdout.write(`${json ? toJson(value, 2) : text()}\n`);
}

/** Aligned columns for terminals; the last column is not padded. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [line(header), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join('\n');
}
