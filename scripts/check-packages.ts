import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { packAll } from './lib/pack.ts';
import { main, run } from './lib/run.ts';
import { publishablePackages } from './lib/workspace.ts';

/**
 * Packs the built packages and checks each tarball: publint without any message, and "Are the types wrong" for ES
 * module consumers. Run `scripts/build.ts` first. `--only publint` or `--only attw` runs one of the two.
 */
await main('check-packages', async () => {
  const only = process.argv[2] === '--only' ? process.argv[3] : undefined;
  const folder = await mkdtemp(join(tmpdir(), 'edmp-pack-'));
  try {
    const complaints: string[] = [];
    for (const { path, manifest } of publishablePackages()) {
      if (!existsSync(join(path, 'dist')))
        throw new Error(`${manifest.name} is not built: run scripts/build.ts first`);
    }
    const packed = await packAll(folder);
    for (const { pkg, tarball } of packed) {
      if (only !== 'attw') {
        const bytes = await readFile(tarball);
        const archive = bytes.buffer.slice(
          bytes.byteOffset,
          bytes.byteOffset + bytes.byteLength,
        ) as ArrayBuffer;
        const { messages, pkg: manifest } = await publint({
          pack: { tarball: archive },
          level: 'suggestion',
          strict: true,
        });
        for (const message of messages) {
          complaints.push(
            `publint ${pkg.manifest.name}: ${formatMessage(message, manifest, { color: false })}`,
          );
        }
      }
      if (only !== 'publint') {
        const result = await run('attw', [
          tarball,
          '--profile',
          'esm-only',
          '--format',
          'ascii',
          '--no-color',
          '--no-emoji',
        ]);
        if (result.code !== 0) complaints.push(`attw ${pkg.manifest.name}:\n${result.output}`);
      }
    }
    if (complaints.length > 0) throw new Error(`${complaints.length} complaint(s)\n${complaints.join('\n')}`);
    process.stdout.write(
      `check-packages: ${packed.length} tarballs, no complaint (${only ?? 'publint and attw'})\n`,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
