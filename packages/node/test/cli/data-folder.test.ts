import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { type Account, dataOption, defaultDataFolder } from '../../src/cli/data-folder.ts';
import { runCli } from '../support/run-cli.ts';

const unknown = (): string => {
  throw new Error('ENOENT: no such user');
};
const account = (given: Partial<Account>): Account => ({
  env: {},
  home: () => '/home/anna',
  recordedHome: () => '/users/anna',
  ...given,
});

describe('defaultDataFolder', () => {
  const cases: readonly (readonly [string, Partial<Account>, string | undefined])[] = [
    ['EDMP_DATA', { env: { EDMP_DATA: '/srv/edmp' } }, '/srv/edmp'],
    ['an empty EDMP_DATA', { env: { EDMP_DATA: '' } }, join('/home/anna', '.edmp')],
    ['a home folder', {}, join('/home/anna', '.edmp')],
    ['an empty HOME', { home: () => '' }, join('/users/anna', '.edmp')],
    ['a HOME that depends on where one stands', { home: () => 'anna' }, join('/users/anna', '.edmp')],
    ['a system that has no home to tell', { home: unknown }, join('/users/anna', '.edmp')],
    ['no home at all', { home: unknown, recordedHome: unknown }, undefined],
    ['an empty HOME of an account that is on no list', { home: () => '', recordedHome: unknown }, undefined],
  ];
  it.each(cases)('of %s', (_, given, expected) => {
    expect(defaultDataFolder(account(given))).toBe(expected);
  });

  it('is never the folder that one stands in', { timeout: bounds.journey }, async () => {
    const help = await runCli(['start', '--help'], { HOME: '', USERPROFILE: '' });
    expect(help.code).toBe(0);
    expect(help.stdout.replace(/\s+/g, ' ')).not.toContain('(default: ".edmp")');
  });
});

describe('dataOption', () => {
  const parse = (option: ReturnType<typeof dataOption>, args: readonly string[]): unknown => {
    const command = new Command('test')
      .addOption(option)
      .exitOverride()
      .configureOutput({ writeErr() {} });
    return command.parse([...args], { from: 'user' }).opts().data;
  };

  it('takes what is given, else the default', () => {
    expect(parse(dataOption('x', '/a'), [])).toBe('/a');
    expect(parse(dataOption('x', '/a'), ['--data', 'b c'])).toBe('b c');
  });

  it('is required where there is no default, and never empty', () => {
    expect(() => parse(dataOption('x', null), [])).toThrow();
    expect(() => parse(dataOption('x', '/a'), ['--data', ''])).toThrow('Expected a folder');
  });
});

describe('edmp demo', () => {
  it('says what to set when there is no folder for temporary files', {
    timeout: bounds.journey,
  }, async () => {
    const nowhere = join(import.meta.filename, 'folder');
    const run = await runCli(['demo'], { TMPDIR: nowhere, TMP: nowhere, TEMP: nowhere });
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toContain('set TMPDIR to one that can');
    expect(run.stderr).toContain('(ERR_NODE_DATA)');
  });
});
