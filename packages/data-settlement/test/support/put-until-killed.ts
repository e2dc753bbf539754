import { fsContentStore } from '@edmp/data-settlement/fs';
import { systemEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { killedBlock } from './killed-blocks.ts';

/** Puts batch after batch into the directory of its first argument and prints the number of blocks that are durable. */
const [dir = ''] = process.argv.slice(2);
const crypto = nodeCrypto();
const store = await fsContentStore({ dir, crypto, environment: systemEnvironment() });
for (let i = 0; i < 100_000; i += 40) {
  const blocks = Array.from({ length: 40 }, (_, k) => killedBlock(i + k));
  await store.putMany?.(blocks);
  process.stdout.write(`${i + 40}\n`);
}
