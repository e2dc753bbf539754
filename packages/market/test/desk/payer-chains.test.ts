import { type BlockId, EdmpError, publicKey, utf8ToBytes, virtualEnvironment } from '@edmp/interface';
import { CID } from 'multiformats/cid';
import { create } from 'multiformats/hashes/digest';
import { describe, expect, it } from 'vitest';
import { ReceiptChains } from '../../src/desk/receipt-chains.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { TradeEngine } from '../../src/trade/engine.ts';
import type { Trade } from '../../src/trade/trade.ts';
import { crypto } from '../support/documents.ts';

/** A block id that no block has. */
const idOf = (text: string): BlockId => CID.createV1(0x71, create(0x12, crypto.sha256(utf8ToBytes(text))));

const BUYER = publicKey(new Uint8Array(32).fill(7));

/** A finished sale of which only what is looked at is there. */
function sale(currency: string, receipt: ReturnType<typeof idOf> | null): Trade {
  const hold = { key: 'hold', author: BUYER, money: { currency } };
  const release = { block: { id: idOf('release') } };
  return { role: 'seller', state: 'completed', hold, receipt, release } as unknown as Trade;
}

function chains(answers: readonly (EdmpError | 'held')[]) {
  const environment = virtualEnvironment({ seed: 1 });
  const asked: unknown[] = [];
  let settled = false;
  const stop = new AbortController();
  const problems: string[] = [];
  const made = new ReceiptChains({
    trustchain: {
      history: async (_author, { upTo }) => {
        asked.push(upTo);
        const answer = answers[asked.length - 1] ?? 'held';
        if (answer !== 'held') throw answer;
        settled = true;
        return { author: BUYER, from: 1, to: 1, head: idOf('head') };
      },
      store: { answers: async () => [{ block: { id: idOf('found') }, arrival: 1 }] } as never,
    },
    ledger: () => ({ hold: () => ({ outcome: settled ? { kind: 'receipt' } : null }) }) as unknown as Ledger,
    environment,
    report: (what) => problems.push(what),
    signal: stop.signal,
  });
  const follow = (trade: Trade): void => {
    made.follow({ all: () => [trade], on: () => () => undefined } as unknown as TradeEngine);
  };
  return { environment, asked, follow, stop, problems };
}

const unreachable = new EdmpError('ERR_CHAIN_HISTORY', 'nobody', { details: { reason: 'unreachable' } });

// Found by simulation, seeds 121 and 1101: a receipt behind a gap left the seller's money pending for ever.
describe('the chain of a receipt', () => {
  it('is asked for until it is there, and no longer', async () => {
    const { environment, asked, follow, problems } = chains([unreachable, unreachable]);
    follow(sale('DUM1', idOf('receipt')));
    await environment.advance(600_000);
    expect(asked).toEqual([idOf('receipt'), idOf('receipt'), idOf('receipt')]);
    expect(problems).toEqual([]);
  });

  it('is asked for by the stored receipt when the trade does not name it', async () => {
    const { environment, asked, follow } = chains([]);
    follow(sale('DUM2', null));
    await environment.advance(1_000);
    expect(asked).toEqual([idOf('found')]);
  });

  it('of a cheat is given up, and issued money needs none', async () => {
    const fork = new EdmpError('ERR_CHAIN_HISTORY', 'a fork', { details: { reason: 'fork' } });
    const cheat = chains([fork]);
    cheat.follow(sale('DUM1', idOf('receipt')));
    await cheat.environment.advance(600_000);
    expect(cheat.asked).toHaveLength(1);
    const issued = chains([]);
    issued.follow(sale(idOf('currency').toString(), idOf('receipt')));
    await issued.environment.advance(600_000);
    expect(issued.asked).toEqual([]);
  });
});
