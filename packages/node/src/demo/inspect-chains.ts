import { publicKeyFromHex, systemEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { marketRules } from '@edmp/market';
import { sqliteBlockStore } from '@edmp/trustchain/sqlite';
import { verifyChain } from '@edmp/trustchain/tools';

/** One node's chain file. */
export interface ChainFile {
  readonly file: string;
  /** Author whose chain is checked, hex. */
  readonly key: string;
}

/** Re-checks chains from their files: encoding, signatures, neighbours, links and the market's rules. */
export async function inspectChains(
  files: readonly ChainFile[],
): Promise<{ readonly blocks: number; readonly valid: boolean }> {
  const crypto = nodeCrypto();
  const rules = new Map(Object.entries(marketRules(crypto)));
  const now = systemEnvironment().now();
  let blocks = 0;
  let valid = true;
  for (const { file, key } of files) {
    const store = sqliteBlockStore({ path: file });
    try {
      const report = await verifyChain(store, publicKeyFromHex(key), { crypto, now, rules });
      blocks += report.blocks;
      valid &&= report.sound && report.blocks > 0;
    } finally {
      await store.close();
    }
  }
  return { blocks, valid };
}
