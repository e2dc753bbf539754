import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ownCommand, shellWord } from '../../src/cli/own-command.ts';
import { sameNodeCommand } from '../../src/cli/remote.ts';

describe('ownCommand', () => {
  const file = 'file:///usr/lib/node_modules/@edmp/node/dist/chunks/program.js';
  const cases: readonly (readonly [string, string, Record<string, string>, string])[] = [
    [file, '/usr/bin/edmp', {}, 'edmp start --data /x'],
    [
      file,
      '/home/a/.npm/_npx/0a1b/node_modules/.bin/edmp',
      { npm_command: 'exec' },
      'npx @edmp/node start --data /x',
    ],
    [
      file,
      'C:\\npm-cache\\_npx\\0a1b\\node_modules\\@edmp\\node\\bin\\edmp.cjs',
      {},
      'npx @edmp/node start --data /x',
    ],
    [file, '/home/a/.cache/pnpm/dlx/0a1b/node_modules/.bin/edmp', {}, 'pnpm dlx @edmp/node start --data /x'],
    [file, '/tmp/bunx-0-@edmp/node@latest/node_modules/.bin/edmp', {}, 'bunx @edmp/node start --data /x'],
    [file, '/home/a/app/node_modules/.bin/edmp', { npm_command: 'exec' }, 'npx edmp start --data /x'],
    [
      'file:///clone/packages/node/src/cli/own-command.ts',
      '/clone/packages/node/src/cli/main.ts',
      {},
      'npx -y pnpm@10.34.9 start --data /x',
    ],
  ];
  it.each(cases)('%s run as %s with %o says %s', (from, script, env, expected) => {
    expect(ownCommand('start --data /x', { file: from, script, env })).toBe(expected);
  });

  it('names the one script of a clone that takes any command', () => {
    expect(ownCommand('sell', { file: 'file:///x.ts', script: '', env: {} })).toBe(
      'npx -y pnpm@10.34.9 edmp sell',
    );
  });

  it('is what every hint of the command line is written with', () => {
    const source = fileURLToPath(new URL('../../src/', import.meta.url));
    const commands =
      'start|demo|market|sell|buy|trades|data|join|invite|peers|orders|cancel|wallet|trust|pay|currency|doctor|chain|meter';
    const fixed = new RegExp(`(?:npx |pnpm |[^\\\`]\\b)edmp (?:${commands})\\b`);
    const found: string[] = [];
    for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts') || name.endsWith('own-command.ts')) continue;
      for (const [index, line] of readFileSync(join(source, name), 'utf8').split('\n').entries()) {
        const text = line.trim();
        if (!/^(?:\*|\/\/|\/\*\*)/.test(text) && fixed.test(text))
          found.push(`${name}:${index + 1}: ${text}`);
      }
    }
    expect(found).toEqual([]);
  });

  it('is replaced where a command talks to a node: those hints name the same node', () => {
    const cli = fileURLToPath(new URL('../../src/cli/', import.meta.url));
    // Words that somebody else types, at a node of their own, or that need none.
    const free =
      /ownCommand\((?:words|'--help'|'market'|'meter |'verify FILE'|'currency add <block>'|`start --name neighbour)/;
    const found: string[] = [];
    for (const name of readdirSync(cli, { recursive: true, encoding: 'utf8' })) {
      if (!/\.ts$/.test(name) || /(?:own-command|remote)\.ts$/.test(name)) continue;
      for (const [index, line] of readFileSync(join(cli, name), 'utf8').split('\n').entries())
        if (line.includes('ownCommand(') && !free.test(line))
          found.push(`${name}:${index + 1}: ${line.trim()}`);
    }
    expect(found).toEqual([]);
  });
});

describe('shellWord', () => {
  const cases: readonly (readonly [string, NodeJS.Platform, string])[] = [
    ['/home/anna/.edmp-2', 'linux', '/home/anna/.edmp-2'],
    ['/home/zoë/.edmp', 'linux', '/home/zoë/.edmp'],
    ['/home/an na/.edmp', 'linux', "'/home/an na/.edmp'"],
    ["/x/it's $HOME;`id`", 'darwin', "'/x/it'\\''s $HOME;`id`'"],
    ['', 'linux', "''"],
    ['C:\\Users\\anna\\.edmp', 'win32', 'C:\\Users\\anna\\.edmp'],
    ['C:\\Users\\An Na\\.edmp', 'win32', '"C:\\Users\\An Na\\.edmp"'],
  ];
  it.each(cases)('writes %j on %s as one word', (path, platform, expected) => {
    expect(shellWord(path, platform)).toBe(expected);
  });
});

describe('sameNodeCommand', () => {
  it('asks the node that was asked before, and never prints its token', () => {
    const usual = { data: '/home/a/.edmp', json: false };
    const other = { data: '/home/a/my node', url: 'http://127.0.0.1:8081', token: 'secret', json: false };
    expect(sameNodeCommand('data 1', usual, usual.data)).toBe(ownCommand('data 1'));
    expect(sameNodeCommand('data 1', other, usual.data)).toBe(
      ownCommand("data 1 --data '/home/a/my node' --url http://127.0.0.1:8081"),
    );
  });
});
