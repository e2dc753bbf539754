import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { open, rename, unlink } from 'node:fs/promises';
import { EXPORT_FILES, EXPORT_FORMATS, type ExportFormat } from '@edmp/oehu-client/export';
import { NodeError } from '../compose/errors.ts';
import { strangersText, writeFile } from './output.ts';

/** The format that was asked for, else the one that a file's name ends in, else CSV. */
export function formatOf(format: ExportFormat | undefined, output: string | undefined): ExportFormat {
  if (format !== undefined) return format;
  const name = output?.toLowerCase() ?? '';
  if (name.endsWith('.senml')) return 'senml';
  // The longest ending first: `.senml.json` is no `.json`.
  const known = [...EXPORT_FORMATS].sort(
    (a, b) => EXPORT_FILES[b].extension.length - EXPORT_FILES[a].extension.length,
  );
  const found = known.find((candidate) => name.endsWith(`.${EXPORT_FILES[candidate].extension}`));
  return found ?? (name.endsWith('.json') ? 'json' : 'csv');
}

/**
 * Writes an export to a file, or to standard output. The file has its name only once it is whole, and only its owner may
 * read it. Throws `ERR_NODE_CONFIG` when it cannot be written, or when bytes would go to a terminal.
 */
export async function writeExport(
  pieces: AsyncIterable<Uint8Array>,
  format: ExportFormat,
  output: string | undefined,
): Promise<void> {
  if (output === undefined || output === '-') await toStandardOutput(pieces, format);
  else await toFile(pieces, output);
}

async function toStandardOutput(pieces: AsyncIterable<Uint8Array>, format: ExportFormat): Promise<void> {
  const { stdout } = process;
  const { isText } = EXPORT_FILES[format];
  if (!isText && stdout.isTTY)
    throw new NodeError('ERR_NODE_CONFIG', `${format} is no text for a terminal; name a file with --output`);
  // What a program reads must be the file; a terminal must not get what a meter calls itself raw.
  const isFiltered = stdout.isTTY || format === 'csv' || format === 'json';
  const decoder = new TextDecoder();
  /** The beginning of a line whose end is in the next piece. */
  let rest = '';
  for await (const piece of pieces) {
    if (isFiltered) {
      rest += decoder.decode(piece, { stream: true });
      const end = rest.lastIndexOf('\n') + 1;
      writeFile(rest.slice(0, end), format === 'json' ? 'json' : 'csv');
      rest = rest.slice(end);
    } else {
      stdout.write(piece);
    }
    // Nothing is made faster than it is read.
    if (stdout.writableNeedDrain) await once(stdout, 'drain');
  }
  if (rest !== '') writeFile(rest, format === 'json' ? 'json' : 'csv');
}

async function toFile(pieces: AsyncIterable<Uint8Array>, output: string): Promise<void> {
  const part = `${output}.${randomBytes(4).toString('hex')}.part`;
  const file = await open(part, 'wx', 0o600).catch((cause: unknown) => {
    throw new NodeError(
      'ERR_NODE_CONFIG',
      `Cannot write ${strangersText(output)}: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  });
  try {
    for await (const piece of pieces) await file.write(piece);
    await file.sync();
    await file.close();
    await rename(part, output);
  } catch (error) {
    await file.close().catch(() => undefined);
    await unlink(part).catch(() => undefined);
    throw error;
  }
}
