import { virtualEnvironment } from '@edmp/interface';
import { memoryBlockStore } from '@edmp/trustchain';
import { describe, expect, it } from 'vitest';
import { currencyRegister } from '../../src/asset/currency-register.ts';
import { spendingOf, transferToTx } from '../../src/blocks/spending.ts';
import { TRANSFER_TYPE } from '../../src/blocks/types.ts';
import { createLedger } from '../../src/ledger/create-ledger.ts';
import { createBookkeeper } from '../../src/wallet/bookkeeper.ts';
import { Certifier } from '../../src/wallet/certifier.ts';
import { Spender } from '../../src/wallet/spender.ts';
import {
  author,
  toyCrypto as crypto,
  HOUR,
  issue,
  proposed,
  quorum,
  START,
  someId,
  termsOf,
} from '../support/money.ts';

const YEAR = 366 * 24 * HOUR;
const FAR = { accept: START + 1, release: START + 1_000 * YEAR, complain: START + 1_001 * YEAR };

describe('freezing what a seller has earned', () => {
  it('1 024 holds of one unit that never end keep no outcome of a real sale from being asked for', async () => {
    const environment = virtualEnvironment({ seed: 1, start: START });
    const [issuer, seller] = [author('issuer', crypto), author('seller', crypto)];
    const [buyer, attacker] = [author('buyer', crypto), author('attacker', crypto)];
    const notaries = quorum('n', 1, crypto);
    const { currency, block } = await issue(issuer, notaries);
    const currencies = currencyRegister();
    const ledger = createLedger({ crypto, currencies, now: START, self: seller.key });
    const books = createBookkeeper(ledger, environment);
    const certify = async (spending: Parameters<typeof notaries.certificate>[1]) =>
      ledger.applyCertificate(await notaries.certificate('spend', spending, block.id));
    ledger.applyBlock(block);

    const grants = [
      await issuer.transfer(currency, attacker.key, 2_000n),
      await issuer.transfer(currency, buyer.key, 50n),
    ];
    for (const grant of grants) ledger.applyBlock(grant.block);
    await certify(grants[1]!);
    const [big, small] = grants.map(({ id, money }) => ({ id, amount: money.pay, certificate: null }));
    ledger.applyBlock((await attacker.claim(currency, [big!])).block);
    // Holds for proposals that nobody made, with a deadline in a thousand years.
    let last = attacker.blocks.length;
    for (let i = 0; i < 1_024; i++) {
      const held = await attacker.hold(currency, {
        encoded: termsOf(seller, attacker, currency, 1n, { deadlines: FAR }),
        block: { ...block, id: someId(`no proposal ${i}`) },
      });
      ledger.applyBlock(held.block);
      last = held.money.n;
      if (i === 1_023) await certify(held);
    }
    expect(last).toBe(1_025);

    const trade = await proposed(seller, buyer, currency, 50n);
    ledger.applyBlock(trade.block);
    const hold = await buyer.hold(currency, trade, { claims: [small!] });
    ledger.applyBlock(hold.block);
    await certify(hold);
    const release = await seller.release(hold);
    ledger.applyBlock(await buyer.receipt(hold, release));

    const stop = new AbortController();
    const spender = new Spender({
      trustchain: {
        self: seller.key,
        store: memoryBlockStore(),
        propose: ({ type, tx, peer }) => seller.sign(type, tx, { peer }),
        finish: async () => {},
      },
      currencyOf: (id) => currencies.get(id),
      books,
      certifier: new Certifier({
        certify: (spending) => notaries.certificate('spend', spending, block.id),
        keep: async (certificate) => books.takeCertificate(certificate),
        environment,
        signal: stop.signal,
        refused: () => undefined,
      }),
      lastKnown: async () => undefined,
      learn: async () => undefined,
      // An honest notary: it has decided about the sale, and about nothing else.
      settle: async (holds) => {
        for (const { key } of holds) {
          if (key === hold.key) ledger.applyCertificate(await notaries.certificate('paid', hold, block.id));
        }
      },
      environment,
    });
    const payee = author('payee', crypto).key;
    const spent = await spender.spend(currency.id, {
      pay: 40n,
      to: payee,
      sign: (money) => seller.sign(TRANSFER_TYPE, transferToTx(money), { peer: payee }),
    });
    expect(spendingOf(spent.block)?.money.balance).toBe(10n);
    stop.abort();
  });
});
