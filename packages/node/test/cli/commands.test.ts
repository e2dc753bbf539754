import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ListingView, OrderView, TradeView } from '@edmp/node/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { newestDay, nodeProcesses, quartersOf, type RunningNode } from '../e2e/support/two-nodes.ts';
import { type CliRun, runCli } from '../support/run-cli.ts';

interface Doctor {
  readonly ok: boolean;
  readonly findings: readonly { readonly check: string; readonly level: string; readonly text: string }[];
}

describe('edmp against running nodes', { timeout: bounds.journey }, () => {
  const processes = nodeProcesses();
  let folder: string;
  let seller: RunningNode;
  let buyer: RunningNode;

  const sell = (...args: string[]): Promise<CliRun> =>
    runCli(['sell', '--data', join(folder, 'seller'), ...args]);
  const on = (who: 'seller' | 'buyer', command: string, ...args: string[]): Promise<CliRun> =>
    runCli([command, '--data', join(folder, who), ...args]);
  const json = async <T>(run: Promise<CliRun>): Promise<T> => {
    const { code, stdout, stderr } = await run;
    expect(stderr).toBe('');
    expect(code).toBe(0);
    return JSON.parse(stdout) as T;
  };
  const examine = async (data: string, code: number, ...args: string[]): Promise<Doctor> => {
    const run = await runCli(['doctor', '--data', data, '--json', ...args]);
    expect(run).toMatchObject({ code, stderr: '' });
    return JSON.parse(run.stdout) as Doctor;
  };
  const levelOf = (report: Doctor, check: string): string | undefined =>
    report.findings.find((finding) => finding.check === check)?.level;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edmp-commands-'));
    seller = await processes.start(join(folder, 'seller'), ['--meters', 'emulator', '--without-witnesses']);
    buyer = await processes.start(join(folder, 'buyer'), [
      '--meters',
      'none',
      '--connect',
      seller.address,
      '--without-witnesses',
    ]);
  }, bounds.journey);
  afterAll(async () => {
    await processes.stopAll();
    await rm(folder, { recursive: true, force: true });
  }, bounds.journey);

  it('sells yesterday by default, after showing what that tells', async () => {
    const meters = await sell();
    expect(meters).toMatchObject({ code: 0, stderr: '' });
    expect(meters.stdout).toMatch(/edmp sell --price 10 --data \S+seller$/m);

    // Midnight may pass between any two steps.
    const before = await newestDay(seller);
    const dry = await sell('--price', '10', '--dry-run', '--place', 'hidden');
    expect(dry.code).toBe(0);
    expect(dry.stdout).toMatch(/^Nothing was listed/);
    expect(dry.stdout).toMatch(/place +not told/);
    // A day, which tells least, unless a finer step is asked for.
    expect(dry.stdout).toMatch(/values +1, one every P1D; none without data/);
    expect(dry.stdout).toMatch(/low|medium|high/);
    const fine = await sell('--price', '10', '--dry-run', '--step', 'PT15M');
    expect(/values +(\d+), one every PT15M; none without data/.exec(fine.stdout)?.[1]).toBeOneOf(
      [before, await newestDay(seller)].map((day) => String(quartersOf(day))),
    );
    for (const also of [[], ['--dry-run']]) {
      const named = await sell('--price', '10', '--title', 'mail jan@example.org', ...also);
      expect(named).toMatchObject({ code: 1, stdout: '' });
      expect(named.stderr).toMatch(
        /"jan@example.org" in title looks like an e-mail address.*\(ERR_PRIVACY_TEXT\)/,
      );
    }
    expect(await seller.client.orders()).toEqual([]);

    const words = ['--price', '10', '--title', 'By hand', '--step', 'PT15M', '--json'];
    const listing = await json<ListingView>(sell(...words));
    const { from, to } = listing.descriptor;
    expect(listing.descriptor).toMatchObject({ title: 'By hand', count: quartersOf(from), gaps: 0 });
    expect(from).toBeOneOf([before, await newestDay(seller)]);
    expect(to).toBe(from);
  });

  it('lists what was agreed to, and takes it along as records with signed events', async () => {
    const data = ['--data', join(folder, 'seller')];
    const list = await on('seller', 'consents');
    expect(list.stdout).toMatch(/electricity import .* PT15M +region +research +until/);
    const output = join(folder, 'consents.json');
    const taken = await runCli(['consents', 'export', '--output', output, ...data]);
    expect(taken).toMatchObject({ code: 0, stderr: '' });
    const { records } = JSON.parse(await readFile(output, 'utf8'));
    expect(records[0].event[0]).toMatchObject({ event_state: 'given', signature: { algorithm: 'Ed25519' } });
    const unknown = await runCli(['consents', 'withdraw', 'none', ...data]);
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(unknown.stderr).toMatch(/ERR_NODE_NOT_FOUND/);
  });

  it('finds, buys and prints the data; the money moved', async () => {
    const [listing] = await json<ListingView[]>(on('buyer', 'market', 'hand', '--json'));
    expect((await on('buyer', 'market')).stdout).toMatch(/10 DUM1 +By hand +electricity import/);
    const own = await on('seller', 'buy', listing?.asset ?? '');
    expect(own).toMatchObject({ code: 1, stdout: '' });
    expect(own.stderr).toMatch(/does not buy from itself/);

    const trade = await json<TradeView>(on('buyer', 'buy', listing?.asset ?? '', '--json'));
    expect(trade.state).toBe('completed');
    const csv = await on('buyer', 'data', trade.id);
    // A line for the names before the values, and nothing after the last line's end.
    expect(csv.stdout.split('\r\n')).toHaveLength(1 + (listing?.descriptor.count ?? 0) + 1);
    expect((await on('buyer', 'trades')).stdout).toContain('You are the buyer; 10 DUM1; completed');
    expect((await on('buyer', 'wallet')).stdout).toMatch(/^DUM1 +990 /m);
    const { key } = await seller.client.info();
    const trust = await on('buyer', 'trust', key, '--explain');
    expect(trust).toMatchObject({ code: 0, stderr: '' });
    expect(trust.stdout).toMatch(/^DUM1 +10 +10 +\d+\.\d %/m);
    expect(trust.stdout).toMatch(/^ {2}10 along it → you$/m);
    expect(trust.stdout).toMatch(/^ {2}more when you buy from it and the deal completes$/m);
    expect((await on('buyer', 'trust', 'x')).code).toBe(2);
    expect((await seller.client.trust(key))[0]).toMatchObject({ score: 0n, hits: 0, paths: [] });
    const movements = (await on('buyer', 'wallet', 'DUM1')).stdout;
    expect(movements).toMatch(/^– +\+1000 +final +Grant of test money$/m);
    expect(movements).toMatch(/−10 +final/);
    const nothing = await on('buyer', 'data', 'nothing');
    expect(nothing).toMatchObject({
      code: 1,
      stderr: 'error: There is no trade "nothing" (ERR_NODE_NOT_FOUND)\n',
    });
  });

  it('says how to withdraw a bid that finds no seller, and withdraws it', async () => {
    const asset = `EWbafyrei${'a'.repeat(52)}`;
    const run = await on('buyer', 'buy', asset, '--price', '5', '--timeout', '1');
    expect(run.code).toBe(1);
    const order = /edmp cancel (\S+)/.exec(run.stdout)?.[1] ?? '';
    expect((await on('buyer', 'cancel', order)).stdout).toBe(`Cancelled ${order}.\n`);
    const orders = await json<OrderView[]>(on('buyer', 'orders', '--json'));
    expect(orders.find((entry) => entry.order === order)?.status).toBe('cancelled');
    expect((await on('buyer', 'cancel', 'nope')).stderr).toMatch(/There is no order "nope"/);
  });

  it('tells a missing meter, an unknown currency, a wrong token and days without data apart', async () => {
    for (const [run, text] of [
      [on('buyer', 'sell', '--price', '3'), /no meter; mount one, or start it with --meters/],
      [
        sell('--price', '3', '--currency', 'EUR'),
        /No currency "EUR" is known here; .*edmp currency show --data \S+seller lists those that are/,
      ],
      [sell('--price', '3', '--from', '2020-01-01'), /no data from 2020-01-01/],
      [sell('--price', '3', '--meter', 'nope'), /There is no meter "nope"/],
      [on('buyer', 'trades', '--token', 'x'.repeat(43)), /token is not this node's/],
    ] as const) {
      const { code, stderr } = await run;
      expect(stderr).toMatch(text);
      expect(code).toBe(1);
    }
  });

  it('doctor finds running nodes well, and a killed one by its parts', async () => {
    const healthy = await examine(join(folder, 'seller'), 0);
    expect(healthy.ok).toBe(true);
    for (const check of ['data folder', 'identity', 'chain', 'clock', 'api', 'peers', 'token', 'meters'])
      expect(levelOf(healthy, check), check).toBe('ok');
    const poor = await examine(join(folder, 'buyer'), 0);
    expect(levelOf(poor, 'meters')).toBe('warning');
    expect(levelOf(await examine(join(folder, 'buyer'), 1, '--token', 'x'.repeat(43)), 'token')).toBe(
      'problem',
    );

    buyer.child.kill();
    await buyer.child.stop();
    const gone = await on('buyer', 'market');
    expect(gone).toMatchObject({ code: 3, stdout: '' });
    expect(gone.stderr).toMatch(/No node runs on .*buyer; start it/);
    const stopped = await examine(join(folder, 'buyer'), 0);
    expect(levelOf(stopped, 'process')).toBe('warning');
    expect(levelOf(stopped, 'chain')).toBe('ok');
    expect(stopped.findings.some((finding) => finding.check === 'http port')).toBe(true);

    // A node that has not said yet where it is: nobody else is asked, and nobody else gets its token.
    let asked = 0;
    const other = createServer((_request, response) => {
      asked++;
      response.end('{}');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const pid = join(folder, 'buyer', 'node.pid');
    await writeFile(pid, String(process.pid));
    await writeFile(join(folder, 'buyer', 'url'), `http://127.0.0.1:${port}\n999999999\n`);
    expect((await on('buyer', 'market')).stderr).toContain('is starting or stopping');
    const starting = await examine(join(folder, 'buyer'), 0);
    expect(levelOf(starting, 'api')).toBe('warning');
    expect(asked).toBe(0);
    await writeFile(join(folder, 'buyer', 'url'), `http://127.0.0.1:${port}\n${process.pid}\n`);
    expect(JSON.stringify(await examine(join(folder, 'buyer'), 1))).toContain('ERR_HTTP');
    expect(asked).toBeGreaterThan(0);
    await rm(pid);
    other.close();

    // The log of the killed process would mend the file.
    const file = join(folder, 'buyer', 'records.sqlite');
    await Promise.all([`${file}-wal`, `${file}-shm`].map((log) => rm(log, { force: true })));
    await writeFile(file, 'overwritten '.repeat(1_000));
    await chmod(join(folder, 'buyer', 'identity.key'), 0o644);
    const sick = await examine(join(folder, 'buyer'), 1);
    expect(levelOf(sick, 'records.sqlite')).toBe('problem');
    expect(levelOf(sick, 'identity')).toBe('problem');
    expect((await examine(join(folder, 'nothing'), 0)).findings[0]).toMatchObject({
      check: 'data folder',
      level: 'warning',
    });
  });
});
