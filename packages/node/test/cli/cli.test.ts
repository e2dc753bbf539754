import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { VERSION } from '../../src/version.ts';
import { runCli } from '../support/run-cli.ts';

describe('edmp', { timeout: 30_000 }, () => {
  it('prints help with every command and exit code 0', async () => {
    const run = await runCli(['--help']);
    expect(run.code).toBe(0);
    for (const command of [
      'start',
      'demo',
      'market',
      'sell',
      'buy',
      'trades',
      'data',
      'wallet',
      'chain',
      'meter',
      'oehu-emulator',
    ]) {
      expect(run.stdout).toMatch(new RegExp(`^  ${command}`, 'm'));
    }
  });

  it('has the version of its package', async () => {
    const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(VERSION).toBe(manifest.version);
    expect((await runCli(['--version'])).stdout.trim()).toBe(VERSION);
  });

  it.each([
    [['start', '--http', '99999'], 2, /Expected a port/],
    [['nonsense'], 2, /unknown command/],
    [['demo', '--fault', 'nothing'], 2, /Allowed choices/],
    [['demo', '--price', '-1'], 2, /whole number of DUM1/],
    [['market', '--from', 'yesterday'], 2, /YYYY-MM-DD/],
    [['start', '--meters', 'ftp://x', '--data', '/proc/nowhere'], 2, /http or https/],
    [['start', '--meters', 'none', '--data', '/proc/nowhere'], 1, /ERR_NODE_DATA/],
    [['market', '--data', '/proc/nowhere'], 2, /start the node first/],
    [['market', '--token', 'x'.repeat(20), '--url', 'http://127.0.0.1:1'], 3, /ERR_HTTP_UNREACHABLE/],
  ] as const)('%j ends with code %i', async (args, code, text) => {
    const run = await runCli(args);
    expect(run.stderr).toMatch(text);
    expect(run.code).toBe(code);
  });
});
