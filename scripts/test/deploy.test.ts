import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bounds } from '../lib/bounds.ts';
import { run } from '../lib/run.ts';
import { root } from '../lib/workspace.ts';

const read = (name: string): string => readFileSync(join(root, 'deploy', name), 'utf8');

/** Options that a file gives to `edmp start`. */
const optionsIn = (text: string): string[] => [...new Set(text.match(/(?<=[\s"])--[a-z][a-z-]*/g) ?? [])];

const commands = {
  Containerfile: /^CMD \[(.*)\]$/m.exec(read('Containerfile'))?.[1] ?? '',
  'compose.yaml': /command:\n([\s\S]*?)\n {4}ports:/.exec(read('compose.yaml'))?.[1] ?? '',
  'edmp.service': /^ExecStart=(.*)$/m.exec(read('edmp.service'))?.[1] ?? '',
};

describe('files to run a node with', () => {
  it.each(Object.entries(commands))(
    '%s gives options that there are',
    { timeout: bounds.journey },
    async (_, text) => {
      const options = optionsIn(` ${text}`);
      expect(options).toContain('--listen');
      const { output } = await run('node', [
        '--conditions=edmp-source',
        join(root, 'packages/node/src/cli/main.ts'),
        'start',
        '--help',
      ]);
      for (const option of options) expect(output).toMatch(new RegExp(`^ +(?:-\\w, )?${option}\\b`, 'm'));
    },
  );

  it('keep the data where the node finds it, for nobody else', () => {
    expect(read('Containerfile')).toMatch(/install -d -o node -g node -m 0700 \/data/);
    expect(read('Containerfile')).toContain('EDMP_DATA=/data');
    expect(read('compose.yaml')).toMatch(/- data:\/data$/m);
    const unit = read('edmp.service');
    expect(unit).toMatch(/^StateDirectory=edmp$/m);
    expect(unit).toMatch(/^StateDirectoryMode=0700$/m);
    expect(unit).toMatch(/^Environment=EDMP_DATA=\/var\/lib\/edmp$/m);
  });

  it('are as systemd and YAML want them', () => {
    for (const line of read('edmp.service').split('\n')) {
      expect(line).toMatch(/^(?:#.*|\[(?:Unit|Service|Install)\]|[A-Z][A-Za-z]+=.+|)$/);
    }
    for (const line of read('compose.yaml').split('\n')) {
      expect(line).not.toContain('\t');
      expect(line).toMatch(/^(?: {2})*(?:#.*|- .+|[a-z_]+:(?: .+)?)$|^$/);
    }
  });
});
