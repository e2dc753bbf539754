import { equalBytes, publicKeyFromHex, systemEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { marketRules } from '@edmp/market';
import { decodeHalfBlock, validateBlock, verifySignature, viewFromStore } from '@edmp/trustchain';
import { sqliteBlockStore } from '@edmp/trustchain/sqlite';

/** One node's chain file. */
export interface ChainFile {
  readonly file: string;
  /** Author whose chain is checked, hex. */
  readonly key: string;
}

const PAGE = 500;

/** Re-checks chains from their files: decodes every block again, verifies its signature, validates it with all rules. */
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
      const author = publicKeyFromHex(key);
      let next = 1;
      for (;;) {
        const page = await store.range(author, next, Number.MAX_SAFE_INTEGER, PAGE);
        for (const stored of page) {
          const block = decodeHalfBlock(stored.bytes, crypto);
          const verdict = validateBlock(block, await viewFromStore(block, store, rules, now));
          blocks += 1;
          valid &&=
            block.core.seq === next &&
            equalBytes(block.id.bytes, stored.id.bytes) &&
            verifySignature(block, crypto) &&
            verdict.issues.length === 0 &&
            verdict.fraud === undefined;
          next = block.core.seq + 1;
        }
        if (page.length < PAGE) break;
      }
    } finally {
      await store.close();
    }
  }
  return { blocks, valid: valid && blocks > 0 };
}
