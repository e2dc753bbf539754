/** Refusals at the borders of the package that no larger scenario passes by. */

import { runInNewContext } from 'node:vm';
import { type TxValue, utf8ToBytes, virtualEnvironment } from '@edmp/interface';
import { encodeCanonical } from '@edmp/interface/format';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { blockIdFromBytes, signHalfBlock } from '@edmp/trustchain/block';
import { encodeFraudProof, forkEvidence } from '@edmp/trustchain/fraud';
import { SYNC_PROTOCOL } from '@edmp/trustchain/protocol';
import { simulatedNetworks } from '@edmp/trustchain/simulated';
import { verifyChain } from '@edmp/trustchain/tools';
import { afterEach, describe, expect, it } from 'vitest';
import { framesOf } from './network/support.ts';
import { blockOf, chainOf, crypto, START, signerOf } from './support/blocks.ts';
import { codeOf, codeOfAsync } from './support/errors.ts';
import { type Town, town } from './support/town.ts';

let current: Town | undefined;
afterEach(async () => {
  await current?.stop();
  current = undefined;
});
const alice = signerOf(1);

describe('blocks', () => {
  it('are not made of signatures of another length', async () => {
    const signer = { ...alice, sign: async () => new Uint8Array(63) };
    const { core } = await blockOf(alice);
    expect(await codeOfAsync(signHalfBlock(core, signer, crypto))).toBe('ERR_BLOCK_SIGNATURE');
  });

  it('have ids of 36 bytes', async () => {
    const { id } = await blockOf(alice);
    expect(blockIdFromBytes(id.bytes)?.toString()).toBe(id.toString());
    expect(blockIdFromBytes(id.bytes.subarray(1))).toBeUndefined();
  });

  it('take plain objects of another realm, and no instances of its classes', () => {
    const plain: TxValue = runInNewContext('({ bb: 1, a: 2 })');
    expect(encodeCanonical(plain)).toEqual(encodeCanonical({ a: 2, bb: 1 }));
    const instance: TxValue = runInNewContext('new (class Meter { a = 1 })()');
    expect(codeOf(() => encodeCanonical(instance))).toBe('ERR_FORMAT_VALUE');
  });
});

describe('chains', () => {
  it('do not open over the network of another key', async () => {
    const environment = virtualEnvironment();
    const network = simulatedNetworks({ environment }).create({ self: signerOf(2).publicKey });
    const opened = createTrustchain({
      signer: alice,
      crypto,
      store: memoryBlockStore(),
      environment,
      network,
    });
    expect(await codeOfAsync(opened)).toBe('ERR_INVALID_ARGUMENT');
  });

  it('are not charged with proofs against somebody else', async () => {
    const store = memoryBlockStore();
    const bob = signerOf(2);
    const evidence = forkEvidence(await blockOf(bob, { tx: 1 }), await blockOf(bob, { tx: 2 }));
    if (evidence === undefined) throw new Error('no evidence');
    const proof = encodeFraudProof(evidence, crypto);
    await store.put(await chainOf(alice, 2));
    await store.putProof(alice.publicKey, proof.id, proof.bytes);
    expect(await verifyChain(store, alice.publicKey, { crypto, now: START })).toMatchObject({ proofs: 0 });
  });
});

describe('peers', () => {
  it('that ask for a sync with no map are told so', async () => {
    current = await town({ size: 2 });
    const { at, run } = current;
    for (const body of [encodeCanonical(5), encodeCanonical(null)]) {
      const asked = run(framesOf(at(0).network.request(at(1).chain.self, SYNC_PROTOCOL, body)));
      expect(await codeOfAsync(asked)).toBe('ERR_NETWORK_REMOTE');
    }
  });

  it('are asked for other halves only of blocks that may have one', async () => {
    current = await town({ size: 3 });
    const { at, run, pass } = current;
    for (let n = 0; n < 3; n++) await run(at(0).chain.source({ type: 'test', tx: n }));
    await pass();
    expect(
      await run(at(2).chain.sync(at(0).chain.self, at(0).chain.self, { links: true })),
    ).toBeLessThanOrEqual(3);
    const proposal = await run(at(0).chain.propose({ peer: at(1).chain.self, type: 'test', tx: 1 }));
    await pass();
    await run(at(1).chain.agree(proposal.id));
    await pass();
    await run(at(2).chain.sync(at(0).chain.self, at(0).chain.self, { links: true }));
    expect((await at(2).store.answers(proposal.id, { limit: 9 })).length).toBe(1);
  });

  it('must be given bytes', async () => {
    current = await town({ size: 1 });
    const text = 'text' as unknown as Uint8Array;
    expect(await codeOfAsync(current.at(0).network.publish('topic', text))).toBe('ERR_INVALID_ARGUMENT');
  });

  it('get an error when a handler answers with something else than bytes', async () => {
    current = await town({ size: 2 });
    const { at, run } = current;
    at(1).network.handle('/text', async () => 'text' as unknown as Uint8Array);
    const asked = run(framesOf(at(0).network.request(at(1).chain.self, '/text', utf8ToBytes('?'))));
    expect(await codeOfAsync(asked)).not.toBe('no error');
  });
});

describe('a simulation', () => {
  it('knows its own nodes only, links two of them once, and takes back the newest tampering only', async () => {
    const environment = virtualEnvironment();
    const simulation = simulatedNetworks({ environment });
    const [a, b] = [simulation.create(), simulation.create()];
    expect(simulation.count('connect')).toBe(0);
    await a.start();
    await a.start();
    await b.start();
    expect(codeOf(() => simulation.link(a.self, alice.publicKey))).toBe('ERR_INVALID_ARGUMENT');
    simulation.link(a.self, b.self);
    simulation.link(a.self, b.self);
    expect(simulation.count('connect')).toBe(1);
    expect(await codeOfAsync(a.connect(simulation.addressOf(a.self)))).toBe('ERR_INVALID_ARGUMENT');
    const received: number[] = [];
    b.subscribe('topic', (body) => {
      received.push(body.length);
      return 'accept';
    });
    const takeBack = simulation.tamper(a.self, () => Uint8Array.of(1));
    simulation.tamper(a.self, () => new Uint8Array(2));
    takeBack();
    await a.publish('topic', new Uint8Array(9));
    await environment.advance(10_000);
    expect(received).toEqual([2]);
  });
});
