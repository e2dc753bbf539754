import type { Environment } from '../../packages/interface/src/index.ts';
import { assetOf, consumptionOf, documentOf } from '../../packages/market/test/support/documents.ts';
import { fakeSettlement, type Shelf } from '../../packages/market/test/support/fake-settlement.ts';
import { type Goods, type Stock, withBugs } from './goods.ts';

/**
 * Goods without cryptography: they keep the promises of the settlement's port, and a history of them is cheap. What is
 * delivered reaches its buyer by no network.
 */
export function pretendedGoods(environment: Environment, shelf: Shelf, stock: Stock): Goods {
  const fake = fakeSettlement({ environment, shelf });
  const goods: Goods = {
    get cheat() {
      return fake.cheat;
    },
    set cheat(cheat) {
      fake.cheat = cheat;
    },
    judge: undefined,
    holds: undefined,
    open: () => settlement,
    create(title) {
      const document = documentOf(title);
      fake.add(document);
      stock.set(assetOf(document), consumptionOf(document));
      return document;
    },
  };
  const settlement = withBugs(fake, goods);
  return goods;
}
