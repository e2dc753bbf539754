import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import type { Packed } from '../lib/pack.ts';
import { mustRun, run } from '../lib/run.ts';
import { leaksOf, machineMarks, type ShippedFile } from './leaks.ts';
import { npmConfig } from './registry.ts';
import type { Report } from './report.ts';

/**
 * Checks a tarball: what is in it and should not be, publint without any message, and "Are the types wrong" for ES module
 * consumers.
 */
export async function checkTarball(report: Report, { pkg, tarball }: Packed): Promise<void> {
  const { name } = pkg.manifest;
  await report.check(
    `leaks  ${name}`,
    async () => {
      const files = await filesOf(tarball);
      const leaks = leaksOf(files, machineMarks(await npmConfig('registry')));
      if (leaks.length > 0) throw new Error(leaks.join('\n'));
      return files.length;
    },
    (files) => `none in ${files} files`,
  );
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

/** Every file of a tarball, by its path in the package. Throws when something in it is neither a file nor a folder. */
async function filesOf(tarball: string): Promise<ShippedFile[]> {
  const folder = await mkdtemp(join(tmpdir(), 'edmp-tarball-'));
  try {
    await mustRun('tar', ['-xzf', tarball, '-C', folder], { timeoutMs: 60_000 });
    const top = join(folder, 'package');
    const entries = await readdir(top, { recursive: true, withFileTypes: true });
    const files: ShippedFile[] = [];
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isDirectory()) continue;
      if (!entry.isFile()) throw new Error(`${relative(top, path)} is no ordinary file`);
      files.push({ path: relative(top, path).replaceAll('\\', '/'), text: await readFile(path, 'latin1') });
    }
    return files;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
