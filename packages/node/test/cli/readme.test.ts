import * as fs from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import * as node from '@edmp/node';
import * as client from '@edmp/node/client';
import { v1Routes } from '@edmp/node/http';
import { afterAll, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { runCommandLine } from '../../src/cli/program.ts';

const readme = fs.readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true });
});

describe('README of @edmp/node', { timeout: bounds.journey }, () => {
  it('has an example that runs and prints what it says', async () => {
    const code = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
    const expected = /console\.log\(.*\); \/\/ (.*)/.exec(code)?.[1];
    const names = {
      mkdtempSync: (prefix: string) => {
        const folder = fs.mkdtempSync(prefix);
        folders.push(folder);
        return folder;
      },
      runNode: node.runNode,
      createNodeClient: client.createNodeClient,
    };
    const body = stripTypeScriptTypes(code.replace(/^import .*$/gm, ''));
    const printed: string[] = [];
    const complaints: unknown[] = [];
    const console = {
      log: (...values: unknown[]) => printed.push(values.join(' ')),
      error: (text: unknown) => complaints.push(text),
    };
    const run = new Function(
      'names',
      'console',
      `const { ${Object.keys(names).join(', ')} } = names; return (async () => { ${body} })();`,
    );
    await run(names, console);
    expect(expected).toBeTruthy();
    expect(printed).toEqual([expected]);
    expect(complaints).toEqual([]);
  });

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
    const paths = v1Routes.map((route) => route.path);
    for (const [, path] of readme.matchAll(/`(\/v1\/[^`]*)`/g)) {
      if (path !== '/v1/openapi.json' && path !== '/v1/events') expect(paths).toContain(path);
    }
  });
});
