import { readFileSync } from 'node:fs';
import { operations } from '@edmp/node/http';
import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../../src/cli/program.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

describe('README of @edmp/node', () => {
  it('names every command and only routes that exist', async () => {
    let help = '';
    const write = (text: string): void => {
      help += text;
    };
    await runCommandLine(['--help'], { out: write, err: write });
    const commands = [...help.matchAll(/^ {2}([a-z-]+)[| [<]/gm)].map((match) => match[1] ?? '');
    expect(commands).toContain('doctor');
    for (const command of commands.filter((name) => !['help', 'edmp', 'npx'].includes(name)))
      expect(readme, command).toMatch(new RegExp(`\`${command}[ \`]`));
    const paths = operations.map((route) => route.path);
    for (const [, path] of readme.matchAll(/`(\/v1\/[^`]*)`/g)) {
      if (path !== '/v1/openapi.json' && path !== '/v1/events') expect(paths).toContain(path);
    }
  });
});
