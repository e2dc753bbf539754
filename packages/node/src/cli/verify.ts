import { open } from 'node:fs/promises';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { type DealCheck, type DealReport, MAX_DEAL_FILE_BYTES, verifyDealFile } from '@edmp/trader/deal';
import { Command } from 'commander';
import { NodeError } from '../compose/errors.ts';
import { ExitCode, print, strangersText } from './output.ts';

/** A report as a tree for people. */
export function reportText(report: DealReport): string {
  const lines = report.checks.flatMap((check) => checkLines(check, 0));
  return [...lines, '', strangersText(report.summary, 500)].join('\n');
}

function checkLines(check: DealCheck, depth: number): string[] {
  const mark = !check.passed ? 'BROKEN' : check.absent ? 'absent' : 'ok    ';
  const line = `${mark} ${'  '.repeat(depth)}${check.label}: ${strangersText(check.detail, 500)}`;
  const note = check.note === null ? [] : [`note   ${'  '.repeat(depth)}${strangersText(check.note, 500)}`];
  return [line, ...note, ...check.checks.flatMap((below) => checkLines(below, depth + 1))];
}

/** `edmp verify`: checks a deal file with no node and no network. */
export function verifyCommand(): Command {
  return new Command('verify')
    .description('check a deal file of `edmp data deal`, with no node and no network')
    .argument('<file>', 'the file; - for the standard input')
    .option('--json', 'print JSON', false)
    .action(async (file: string, { json }: { readonly json: boolean }) => {
      const report = verifyDealFile(await bytesOf(file), { crypto: nodeCrypto() });
      print(json, report, () => reportText(report));
      if (!report.valid) process.exitCode = ExitCode.failed;
    });
}

/** The bytes of a file, never more than a deal file can have and one. Throws `ERR_NODE_CONFIG` when it cannot be read. */
async function bytesOf(file: string): Promise<Uint8Array> {
  const most = MAX_DEAL_FILE_BYTES + 1;
  try {
    if (file === '-') return await startOf(process.stdin, most);
    await using handle = await open(file, 'r');
    return await startOf(handle.createReadStream({ end: most - 1 }), most);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : message;
    throw new NodeError('ERR_NODE_CONFIG', `Cannot read ${JSON.stringify(file.slice(0, 200))}: ${why}`, {
      cause,
    });
  }
}

async function startOf(stream: AsyncIterable<Uint8Array>, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of stream) {
    parts.push(part);
    length += part.length;
    if (length >= most) break;
  }
  return new Uint8Array(Buffer.concat(parts).subarray(0, most));
}
