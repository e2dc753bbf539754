import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { runCommandLine } from '../../src/cli/program.ts';
import { VERSION } from '../../src/version.ts';
import { type CliRun, runCli } from '../support/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'edmp-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the command line without a process of its own, for what ends before it does anything. */
async function inProcess(args: readonly string[]): Promise<CliRun> {
  let stdout = '';
  let stderr = '';
  const code = await runCommandLine(args, {
    out: (text) => {
      stdout += text;
    },
    err: (text) => {
      stderr += text;
    },
  });
  return { code, stdout, stderr };
}

describe('edmp', { timeout: bounds.journey }, () => {
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
      'orders',
      'cancel',
      'wallet',
      'trust',
      'doctor',
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
    [['demo', '--price', '-1'], 2, /whole number from 1 to 9999/],
    [['market', '--from', 'yesterday'], 2, /YYYY-MM-DD/],
    [['start', '--meters', 'ftp://x', '--data', '/proc/nowhere'], 2, /http or https/],
    [['start', '--meters', 'none', '--data', '/proc/nowhere'], 1, /ERR_NODE_DATA/],
    [['market', '--data', '/proc/nowhere'], 2, /start the node first/],
    [['market', '--url', 'nowhere'], 2, /Expected an http URL/],
    [['market', '--cell', 'aaa'], 2, /Expected a geohash/],
    [['market', '--commodity', 'tea'], 2, /Allowed choices are electricity/],
    [['sell', '--price', '0'], 2, /minor units, from 1 to/],
    [['sell', '--price', '1', '--from', '2026-02-31'], 2, /a day that exists/],
    [['sell', '--price', '1', '--step', 'PT7M'], 2, /Allowed choices are PT1M/],
    [['buy', 'hello'], 2, /EW… id of a dataset, as .*edmp market shows it/],
    [['buy'], 2, /missing required argument 'asset'/],
    [['data', 'x', '--format', 'xml'], 2, /Allowed choices are csv, json/],
    [['start', '--zone', 'Mars/Base'], 2, /Expected a time zone/],
    [['start', '--meters', 'none', '--connect', 'garbage', '--data', folder], 2, /multiaddr/],
    [['meter', 'read'], 2, /missing required argument 'source'/],
    [['meter', 'read', '/nowhere'], 1, /there is no such file/],
    [['meter', 'read', folder], 1, /it is a folder/],
    [['meter', 'read', '-', '--zone', 'Mars/Base'], 2, /Expected a time zone/],
    [['meter', 'read', '-', '--source', 'tea-leaves'], 2, /Allowed choices are .*dsmr-p1/],
    [['oehu-emulator', '--days', '0'], 2, /whole number from 1 to 60/],
  ] as const)('%j ends with code %i', async (args, code, text) => {
    const run = await inProcess(args);
    expect(run.stderr).toMatch(text);
    expect(run.code).toBe(code);
  });

  it('ends with code 3 as a process when there is no node', async () => {
    const run = await runCli(['market', '--token', 'x'.repeat(20), '--url', 'http://127.0.0.1:1']);
    expect(run).toMatchObject({ code: 3, stdout: '' });
    expect(run.stderr).toMatch(/^error: No answer from the node .*ERR_HTTP_UNREACHABLE\)\n$/);
  });

  it('shows the help of every command with exit code 0', async () => {
    const commands = ['start', 'demo', 'market', 'sell', 'buy', 'trades', 'data', 'orders', 'cancel'];
    const more = ['wallet', 'doctor', 'chain', 'meter', 'oehu-emulator'];
    for (const command of [...commands, ...more]) {
      const run = await inProcess([command, '--help']);
      expect(run, command).toMatchObject({ code: 0, stderr: '' });
      expect(run.stdout).toMatch(new RegExp(`^Usage: edmp ${command}`));
      expect(run.stdout, command).not.toMatch(/default: (?:\[\]|undefined)/);
    }
  });

  it('says which port is taken, for the page, for peers and for the emulator', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    try {
      const start = ['start', '--meters', 'none', '--data', join(folder, 'ports')];
      const page = await runCli([...start, '--http', String(port)]);
      expect(page).toMatchObject({ code: 1, stdout: '' });
      expect(page.stderr).toContain(`port ${port}: it is in use; choose another port (--http)`);
      const gateway = await runCli([...start, '--http', '0', '--gateway', `127.0.0.1:${port}`]);
      expect(gateway).toMatchObject({ code: 1, stdout: '' });
      expect(gateway.stderr).toContain(`port ${port}: it is in use; choose another port (--gateway)`);
      const peers = await runCli([...start, '--http', '0', '--listen', `/ip4/127.0.0.1/tcp/${port}`]);
      expect(peers).toMatchObject({ code: 1, stdout: '' });
      expect(peers.stderr).toBe(
        `error: Cannot listen for peers on /ip4/127.0.0.1/tcp/${port}: it is in use; choose another --listen (ERR_NODE_CONFLICT)\n`,
      );
      const emulator = await runCli(['oehu-emulator', '--port', String(port)]);
      expect(emulator).toMatchObject({ code: 1, stdout: '' });
      expect(emulator.stderr).toContain(`Port ${port} is in use; choose another --port`);
    } finally {
      server.close();
    }
  });
});
