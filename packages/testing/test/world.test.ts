import { utf8ToBytes } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { createWorld } from '@edmp/testing/world';
import { describe, expect, it } from 'vitest';

const crypto = nodeCrypto({ threads: false });

/** Three peers, one message that reaches all of them: who got it when, in order. */
async function gossip(seed: number): Promise<readonly string[]> {
  const world = createWorld({ crypto, seed });
  const start = world.environment.now();
  const heard: string[] = [];
  const peers = [await world.peer(), await world.peer(), await world.peer()];
  for (const [i, { network }] of peers.entries()) {
    network.subscribe('news', async () => {
      heard.push(`${i} after ${world.environment.now() - start} ms`);
      return 'accept' as const;
    });
  }
  await world.environment.advance(1_000);
  await peers[0]!.network.publish('news', utf8ToBytes('hello'));
  await world.environment.advance(10_000);
  await world.stop();
  return heard;
}

describe('a world', () => {
  it('links whoever comes with those that are there, and repeats itself from its seed', async () => {
    const heard = await gossip(1);
    expect(heard.length).toBe(2);
    expect(await gossip(1)).toEqual(heard);
    expect(await gossip(2)).not.toEqual(heard);
  });

  it('gives everybody a key of their own that signs', async () => {
    const world = createWorld({ crypto });
    const [a, b] = [await world.peer(), await world.peer()];
    const message = utf8ToBytes('mine');
    expect(crypto.ed25519Verify(await a.signer.sign(message), message, a.self)).toBe(true);
    expect(crypto.ed25519Verify(await a.signer.sign(message), message, b.self)).toBe(false);
    expect(a.network.self).toEqual(a.self);
    await world.stop();
    await world.stop();
    expect(a.network.addresses()).toEqual([]);
  });

  it('does not link with a peer that has stopped', async () => {
    const world = createWorld({ crypto });
    const first = await world.peer();
    await first.network.stop();
    const second = await world.peer();
    expect(second.network.addresses().length).toBe(1);
    await world.stop();
  });
});
