import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { runCli } from '../support/run-cli.ts';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

interface Report {
  readonly ok: boolean;
  readonly failedStep: string | null;
  readonly error: string | null;
  readonly readings: number;
  readonly identical: boolean;
  readonly sellerBefore: number;
  readonly sellerAfter: number;
  readonly buyerBefore: number;
  readonly buyerAfter: number;
  readonly blocks: number;
  readonly chainsValid: boolean;
  readonly sellerEarned: number | null;
  readonly outcome: string | null;
  readonly certificates: number;
  readonly witnesses: readonly string[];
  readonly sumsToZero: boolean | null;
  readonly steps: readonly { readonly name: string; readonly ms: number }[];
  readonly elapsedMs: number;
  readonly asset: string | null;
}

const reportOf = (stdout: string): Report => JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Report;
/** Processes of this very CLI, not of another copy of it, that are still there, by their command lines. */
const survivors = (): string[] =>
  execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(main) && line.includes('edmp-demo-') && line.includes('--leash'));

describe('edmp demo', { timeout: bounds.journey }, () => {
  it('sells a day between processes, moves the money and leaves nothing behind', async () => {
    const run = await runCli(['demo', '--json']);
    expect(run.stderr).toBe('');
    expect(run.code).toBe(0);
    const report = reportOf(run.stdout);
    expect(report).toMatchObject({
      ok: true,
      error: null,
      readings: 96,
      identical: true,
      sellerBefore: 1000,
      sellerAfter: 1010,
      buyerBefore: 1000,
      buyerAfter: 990,
      sellerEarned: 10,
      outcome: 'receipt',
      certificates: 1,
      witnesses: [expect.stringMatching(/^[0-9a-f]{64}$/)],
      sumsToZero: null,
      chainsValid: true,
    });
    expect(report.asset).toMatch(/^EWbafyrei[a-z2-7]{52}$/);
    // ask, trade, release by the seller; bid, agreement, receipt by the buyer
    expect(report.blocks).toBe(6);
    const names = report.steps.map((step) => step.name);
    for (const name of [
      'read-and-verify',
      'branch-and-list',
      'search',
      'bid',
      'trade-proposal',
      'trade-agreement',
      'release-proposal',
      'release-agreement',
      'decrypt',
      'compare',
      'verify-chains',
    ]) {
      expect(names).toContain(name);
    }
    for (const step of report.steps) expect(Number.isInteger(step.ms) && step.ms >= 0).toBe(true);
    expect(run.stdout).toContain('seller 1000 → 1010');
    expect(run.stdout).toContain('signed by the seller');
    expect(run.stdout).toContain('signed by the buyer');
    expect(survivors()).toEqual([]);
  });

  it('pays with a community token: the seller may spend it, the accounts sum to zero', async () => {
    const run = await runCli(['demo', '--json', '--currency', 'SUN']);
    expect(run.stderr).toBe('');
    expect(run.code).toBe(0);
    const report = reportOf(run.stdout);
    expect(report).toMatchObject({
      ok: true,
      identical: true,
      currency: 'SUN',
      sellerBefore: 0,
      sellerAfter: 10,
      sellerEarned: 0,
      buyerBefore: 1000,
      buyerAfter: 990,
      outcome: 'paid',
      witnesses: [expect.stringMatching(/^[0-9a-f]{64}$/)],
      sumsToZero: true,
      chainsValid: true,
    });
    // ask, trade, release and claim by the seller; bid, agreement, receipt by the buyer
    expect(report.blocks).toBe(7);
    expect(run.stdout).toContain('all accounts of SUN together: zero');
    expect(survivors()).toEqual([]);
  });

  it('says that the meter cannot be read when the emulator is unplugged', async () => {
    const run = await runCli(['demo', '--json', '--fault', 'emulator-down']);
    expect(run.code).toBe(1);
    const report = reportOf(run.stdout);
    expect(report).toMatchObject({ ok: false, failedStep: 'list-meters' });
    expect(report.error).toMatch(/OEHU|meter/i);
    expect(run.stdout).toContain('FAILED at step "list-meters"');
    expect(survivors()).toEqual([]);
  });

  it('says that a bid below the price does not match', async () => {
    const run = await runCli(['demo', '--json', '--fault', 'wrong-price']);
    expect(run.code).toBe(1);
    const report = reportOf(run.stdout);
    expect(report).toMatchObject({ ok: false, failedStep: 'trade', sellerAfter: 1000, buyerAfter: 1000 });
    expect(report.error).toMatch(/the bid is 8 DUM1, the seller asks 10 DUM1/);
    expect(survivors()).toEqual([]);
  });

  it('stops before any money moves when the ciphertext is corrupt', async () => {
    const run = await runCli(['demo', '--json', '--fault', 'corrupt-content']);
    expect(run.code).toBe(1);
    const report = reportOf(run.stdout);
    expect(report).toMatchObject({ ok: false, failedStep: 'trade', sellerAfter: 1000, buyerAfter: 1000 });
    expect(report.error).toMatch(/damaged or forged.*ERR_TRADE_DELIVERY/);
    expect(survivors()).toEqual([]);
  });

  it('gives the buyer its money back when the seller dies owing the key', async () => {
    const run = await runCli(['demo', '--json', '--fault', 'kill-seller']);
    expect(run.code).toBe(1);
    const report = reportOf(run.stdout);
    expect(report).toMatchObject({ ok: false, failedStep: 'trade', sellerAfter: null, buyerAfter: 1000 });
    expect(report.error).toMatch(/the money came back.*\(ERR_TRADE_WITHDRAWN\)/);
    expect(survivors()).toEqual([]);
  });
});
