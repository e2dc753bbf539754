import { type HalfBlock, seededRandom } from '../packages/interface/src/index.ts';
import { DUM2 } from '../packages/market/src/asset/currency.ts';
import { currencyRegister } from '../packages/market/src/asset/currency-register.ts';
import type { Claim } from '../packages/market/src/blocks/money.ts';
import type { Spending } from '../packages/market/src/blocks/spending.ts';
import { createLedger } from '../packages/market/src/ledger/create-ledger.ts';
import type { Certificate } from '../packages/market/src/notary/certificate.ts';
import { verifyCertificate } from '../packages/market/src/notary/certificate.ts';
import {
  type Author,
  author,
  crypto,
  issue,
  proposed,
  quorum,
  START,
  toyCrypto,
} from '../packages/market/test/support/money.ts';
import { decodeHalfBlock } from '../packages/trustchain/src/block.ts';
import { medianOf, type Report } from './harness.ts';

const TRADES = 5_000;
const TRADERS = 100;

type Item = HalfBlock | Certificate;

/** Trades between random pairs; the signatures are toys, because the fold looks at none. */
async function trades(money: 'test' | 'issued'): Promise<readonly Item[]> {
  const random = seededRandom(11);
  const traders = Array.from({ length: TRADERS }, (_, i) => author(`bench ${i}`, toyCrypto));
  const items: Item[] = [];
  const notaries = quorum('bench', 1, toyCrypto);
  const issuer = author('bench issuer', toyCrypto);
  const { currency, block } = await issue(issuer, notaries);
  const [used, link] = money === 'test' ? [DUM2, null] : [currency, block.id];
  const incomes = new Map<Author, readonly Claim[]>();
  const certify = async (kind: 'spend' | 'paid', spending: Spending): Promise<void> => {
    if (link !== null) items.push(await notaries.certificate(kind, spending, link));
  };
  if (link !== null) {
    items.push(block);
    for (const trader of traders) {
      const mint = await issuer.transfer(currency, trader.key, 10_000n);
      items.push(mint.block);
      await certify('spend', mint);
      incomes.set(trader, [{ id: mint.id, amount: 10_000n, certificate: null }]);
    }
  }
  const pick = (): Author => traders[random.below(TRADERS)] ?? issuer;
  for (let i = 0; i < TRADES; i++) {
    const buyer = pick();
    let seller = pick();
    while (seller === buyer) seller = pick();
    const proposal = await proposed(seller, buyer, used, 1n);
    const hold = await buyer.hold(used, proposal, { claims: incomes.get(buyer) ?? [] });
    incomes.delete(buyer);
    const release = await seller.release(hold);
    items.push(proposal.block, hold.block);
    await certify('spend', hold);
    items.push(release, await buyer.receipt(hold, release));
    await certify('paid', hold);
  }
  return items;
}

/** The items as they come from a network: blocks decoded, nothing looked at yet. */
function fresh(items: readonly Item[]): readonly Item[] {
  return items.map((item) => ('core' in item ? decodeHalfBlock(item.bytes, crypto) : { ...item }));
}

function fold(items: readonly Item[]): void {
  const ledger = createLedger({ crypto: toyCrypto, currencies: currencyRegister(), now: START });
  for (const item of items) {
    if ('core' in item) ledger.applyBlock(item);
    else ledger.applyCertificate(item);
  }
}

/** CPU time of some work, ms: the fold waits for nothing, so that a busy machine need not be told from a slow fold. */
function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** Blocks and certificates folded in a second of CPU time, with their transactions read for the first time and for the second. */
export async function ledgerFold(report: Report): Promise<void> {
  for (const money of ['test', 'issued'] as const) {
    const items = await trades(money);
    const cold: number[] = [];
    const warm: number[] = [];
    for (let round = 0; round < 5; round++) {
      const read = fresh(items);
      // The signatures of certificates are verified once, elsewhere.
      const notaries = quorum('bench', 1, toyCrypto).keys;
      for (const item of read) if (!('core' in item)) verifyCertificate(item, notaries, toyCrypto);
      cold.push((items.length / cpuMs(() => fold(read))) * 1_000);
      warm.push((items.length / cpuMs(() => fold(read))) * 1_000);
    }
    report({ metric: `ledger-fold-${money}-first-read`, value: medianOf(cold), unit: '1/s' });
    report({ metric: `ledger-fold-${money}`, value: medianOf(warm), unit: '1/s' });
    report({
      metric: `ledger-fold-${money}-trade`,
      value: (items.length / TRADES / medianOf(cold)) * 1e6,
      unit: 'us',
    });
  }
}
