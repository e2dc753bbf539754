import { isDisplayable } from '@edmp/interface/format';
import type { ListingView, TradeView } from '@edmp/node/client';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { listingTable } from '../../src/cli/market.ts';
import { describeError, print, table, toJson, write, writeError, writeFile } from '../../src/cli/output.ts';
import { tradeText } from '../../src/cli/trades.ts';

/** Clears a terminal, moves its cursor, turns text round, adds a line, hides text. */
const NASTY = 'Cheap\u001b[2J\u001b[H\u009b31m\u202egnirts\r\nFAKE  row\u200b\u0007';
const stranger = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.constant(NASTY));

let written: string;
beforeEach(() => {
  written = '';
  const keep = (text: unknown): boolean => {
    written += String(text);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(keep);
  vi.spyOn(process.stderr, 'write').mockImplementation(keep);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Nothing but lines in which every character is visible. */
const isClean = (text: string): boolean => text.split('\n').every(isDisplayable);

describe('what strangers wrote', () => {
  it('does not reach the terminal raw in a table, and makes no rows of its own', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(stranger, stranger), { maxLength: 5 }), (rows) => {
        const text = table(['A', 'B'], rows);
        expect(isClean(text)).toBe(true);
        expect(text.split('\n').length).toBe(2 + rows.length);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is escaped in JSON, and read back as it was', () => {
    fc.assert(
      fc.property(stranger, fc.string({ maxLength: 5 }), (text, key) => {
        const value = { [key]: [text, 5n], [text]: Uint8Array.of(255) };
        for (const json of [toJson(value), toJson(value, 2)]) {
          expect(isClean(json)).toBe(true);
          // A lone surrogate has no other form, and key and text may be the same.
          if (key !== text) expect(JSON.parse(json)).toEqual({ [key]: [text, '5'], [text]: 'ff' });
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('is filtered in everything that is printed', () => {
    fc.assert(
      fc.property(stranger, fc.boolean(), (text, json) => {
        written = '';
        print(json, { text }, () => `A deal: ${text}`);
        write(`${text}\n`);
        writeError(`warning: ${text}\n`);
        writeFile(JSON.stringify({ text }), 'json');
        expect(isClean(written)).toBe(true);
      }),
      { numRuns: 500 },
    );
    written = '';
    writeFile('start,kWh\r\n2026-01-01,0.1\r\n', 'csv');
    expect(written).toBe('start,kWh\r\n2026-01-01,0.1\r\n');
    written = '';
    writeFile(`start,${NASTY}\r\n`, 'csv');
    expect(isClean(written.replaceAll('\r\n', '\n'))).toBe(true);
  });

  it('is one line in errors, titles and reasons', () => {
    const error = Object.assign(new Error(NASTY), { code: 'ERR_TRADE_DECLINED', details: {} });
    expect(describeError(error)).toBe(
      'Cheap\ufffd[2J\ufffd[H\ufffd31m\ufffdgnirts\ufffd (ERR_TRADE_DECLINED)',
    );
    expect(describeError(new Error(NASTY))).toBe('Cheap\ufffd[2J\ufffd[H\ufffd31m\ufffdgnirts\ufffd');
    expect(isClean(describeError(NASTY))).toBe(true);

    const descriptor = {
      title: NASTY,
      commodity: 'gas',
      flow: 'import',
      from: 'a',
      to: 'a',
      step: 'P1D',
      cell: null,
      attestation: 'signed',
    };
    const listing = { descriptor, price: 5n, currency: 'DUM1', own: false, remaining: 1, asset: 'EWx' };
    const listed = listingTable([listing as unknown as ListingView]);
    expect(listed.split('\n').length).toBe(3);
    expect(listed).toContain('Cheap\ufffd[2J\ufffd[H\ufffd31m\ufffdgnirts');
    expect(isClean(listed)).toBe(true);

    const trade = {
      id: 'a',
      role: 'buyer',
      price: 1n,
      currency: 'DUM1',
      currencyLabel: 'DUM1',
      state: 'failed',
      stateText: 'The deal ended before this side gave anything.',
      failed: NASTY,
      steps: [],
      atRisk: 0n,
    };
    const text = tradeText(trade as unknown as TradeView);
    expect(text.split('\n').length).toBe(4);
    expect(isClean(text)).toBe(true);
  });
});
