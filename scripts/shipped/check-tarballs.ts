import { readFile } from 'node:fs/promises';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import type { Packed } from '../lib/pack.ts';
import { run } from '../lib/run.ts';
import type { Report } from './report.ts';

/** Checks a tarball by publint, without any message, and by "Are the types wrong" for ES module consumers. */
export async function checkTarball(report: Report, { pkg, tarball }: Packed): Promise<void> {
  const { name } = pkg.manifest;
  await report.check(`publint  ${name}`, async () => {
    const bytes = await readFile(tarball);
    const archive = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const { messages, pkg: manifest } = await publint({
      pack: { tarball: archive },
      level: 'suggestion',
      strict: true,
    });
    const complaints = messages.map((message) => formatMessage(message, manifest, { color: false }));
    if (complaints.length > 0) throw new Error(complaints.join('\n'));
  });
  await report.check(`attw  ${name}`, async () => {
    const options = ['--profile', 'esm-only', '--format', 'ascii', '--no-color', '--no-emoji'];
    const { code, output } = await run('attw', [tarball, ...options], { timeoutMs: 60_000 });
    if (code !== 0) throw new Error(output);
  });
}
