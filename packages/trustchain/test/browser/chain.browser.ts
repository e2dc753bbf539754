import { softwareSigner, systemEnvironment } from '@edmp/interface';
import { nobleCrypto } from '@edmp/interface/crypto/noble';
import { webCrypto, webSigner } from '@edmp/interface/crypto/web';
import { cryptoSuite } from '@edmp/testing';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { indexedDbBlockStore } from '@edmp/trustchain/indexeddb';
import { describe, expect, it } from 'vitest';
import { settled } from '../support/indexeddb-suites.ts';

cryptoSuite({ name: 'noble', create: nobleCrypto });

describe('a chain in the browser', () => {
  it('is signed by WebCrypto, kept in IndexedDB, found again and agreed to by a peer', async () => {
    const crypto = webCrypto();
    const environment = systemEnvironment();
    const name = 'edmp a chain';
    const signer = await webSigner({ secretKey: new Uint8Array(32).fill(5) });
    const peer = softwareSigner({ crypto, secretKey: new Uint8Array(32).fill(6) });

    let store = indexedDbBlockStore({ name });
    let chain = await createTrustchain({ signer, crypto, store, environment });
    const proposal = await chain.propose({ peer: peer.publicKey, type: 'demo', tx: { kWh: 3n } });
    await chain.stop();
    await store.close();

    store = indexedDbBlockStore({ name });
    chain = await createTrustchain({ signer, crypto, store, environment });
    const second = await chain.propose({ peer: peer.publicKey, type: 'demo', tx: { kWh: 4n } });
    expect([proposal.core.seq, second.core.seq]).toEqual([1, 2]);
    expect(second.core.prev?.toString()).toBe(proposal.id.toString());

    const other = await createTrustchain({
      signer: peer,
      crypto: nobleCrypto(),
      store: memoryBlockStore(),
      environment,
    });
    for (const block of [proposal, second]) await other.receive(block.bytes);
    const agreement = await other.agree(proposal.id);
    await other.stop();
    expect((await chain.receive(agreement.bytes)).level).not.toBe('invalid');
    expect((await chain.pair(proposal.id)).state).toBe('agreed');
    await chain.stop();
    await store.close();
    await settled(indexedDB.deleteDatabase(name));
  });
});
