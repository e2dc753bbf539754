import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { softwareSigner, systemEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { createTrustchain } from '@edmp/trustchain';
import { libp2pNetwork } from '@edmp/trustchain/libp2p';
import { sqliteBlockStore } from '@edmp/trustchain/sqlite';

/**
 * Two nodes with their chains in SQLite files meet over TCP, agree on a block, and stop. Nothing may keep the process
 * open after that; the chain is then read back from the file.
 */
const folder = await mkdtemp(join(tmpdir(), 'edmp-chain-'));
const environment = systemEnvironment();
const crypto = nodeCrypto();

const open = async (name: string, secretKey: Uint8Array, keepConnected: readonly string[] = []) => {
  const network = libp2pNetwork({ environment, crypto, secretKey, keepConnected });
  await network.start();
  const store = sqliteBlockStore({ path: join(folder, `${name}.sqlite`) });
  const trustchain = await createTrustchain({
    signer: softwareSigner({ crypto, secretKey }),
    crypto,
    store,
    network,
    environment,
  });
  return {
    trustchain,
    addresses: network.addresses(),
    async stop() {
      await trustchain.stop();
      await network.stop();
      await store.close();
    },
  };
};

const bob = await open('bob', new Uint8Array(32).fill(2));
bob.trustchain.on((event) => {
  if (event.type === 'block' && !event.own) void bob.trustchain.agree(event.block.id);
});
const alice = await open('alice', new Uint8Array(32).fill(1), bob.addresses);
const agreed = new Promise<void>((resolve) => {
  alice.trustchain.on((event) => {
    if (event.type === 'block' && event.block.core.link !== null) resolve();
  });
});
const proposal = await alice.trustchain.propose({
  peer: bob.trustchain.self,
  type: 'delivery',
  tx: { amount: 5n },
});
await agreed;
console.log(`pair: ${(await alice.trustchain.pair(proposal.id)).state}`);
await Promise.all([alice.stop(), bob.stop()]);

const again = await open('alice', new Uint8Array(32).fill(1));
console.log(`kept: ${(await again.trustchain.pair(proposal.id)).state}`);
await again.stop();
await rm(folder, { recursive: true });
