import { createSettlement, type DataSettlement } from '../../packages/data-settlement/src/index.ts';
import {
  type AbortOptions,
  EdmpError,
  equalBytes,
  type SeededRandom,
  type Settlement,
} from '../../packages/interface/src/index.ts';
import type { Cheat } from '../../packages/market/test/support/fake-settlement.ts';
import { diskContent } from './disk-content.ts';
import { type Goods, type Stock, withBugs } from './goods.ts';
import { householdSeries } from './household-series.ts';

/**
 * Goods as nodes have them: a household's series is split, salted and committed to, sealed for each trade, kept on the
 * node's disk, fetched over the network, and opened with a wrapped key.
 */
export function sealedGoods(random: SeededRandom, stock: Stock): Goods {
  const household = householdSeries(random);
  let running: DataSettlement | undefined;
  const goods: Goods = {
    cheat: 'none',
    judge: undefined,
    holds: undefined,
    open(parts) {
      const { records, crypto, environment } = parts;
      const settlement = createSettlement({
        ...parts,
        secrets: records,
        content: diskContent(records, { crypto, environment }),
      });
      running = settlement;
      return withBugs(
        lying(settlement, () => goods.cheat),
        goods,
      );
    },
    async create(title) {
      const { descriptor, consumption } = household.next(title);
      if (running === undefined) throw new Error('A node that never started sells nothing');
      const { asset, document } = await running.addDataset({ descriptor, consumption });
      stock.set(asset, consumption);
      return document;
    },
  };
  return goods;
}

/** A settlement that lies as it is told to. */
function lying(honest: DataSettlement, cheat: () => Cheat): Settlement {
  /** Trades that it lied about: it upholds its own lies, or its market would not sign them. */
  const lies = new Set<string>();
  return {
    ...honest,
    async seal(trade, options) {
      if (cheat() === 'never-seal') return hang(options);
      const delivery = await honest.seal(trade, options);
      return cheat() === 'wrong-delivery'
        ? { ...delivery, settlementRoot: turned(delivery.settlementRoot) }
        : delivery;
    },
    async release(trade, options) {
      if (cheat() === 'never-release') return hang(options);
      const key = await honest.release(trade, options);
      return cheat().startsWith('wrong-key') ? turned(key) : key;
    },
    async open(trade, document, delivery, key, options) {
      const outcome = await honest.open(trade, document, delivery, key, options);
      if (cheat() !== 'false-complaint' || outcome.kind !== 'opened') return outcome;
      lies.add(trade.tradeId.join());
      return { kind: 'misbehaviour', proof: LIE, reason: 'wrong key' };
    },
    judge(trade, proof) {
      const isMine = cheat() === 'false-complaint' && lies.has(trade.tradeId.join());
      return isMine && equalBytes(proof, LIE)
        ? { guilty: true, kind: 'wrong-key', reason: 'wrong key' }
        : honest.judge(trade, proof);
    },
  };
}

const LIE: Uint8Array = Uint8Array.of(0);

const turned = (bytes: Uint8Array): Uint8Array => bytes.map((byte, index) => (index === 0 ? byte ^ 1 : byte));

function hang(options: AbortOptions | undefined): Promise<never> {
  return new Promise((_, reject) => {
    options?.signal?.addEventListener('abort', () => reject(new EdmpError('ERR_ABORTED', 'aborted')), {
      once: true,
    });
  });
}
