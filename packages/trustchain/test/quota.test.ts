import { publicKey, virtualEnvironment } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { quota } from '../src/protocol/quota.ts';

const peer = (n: number) => {
  const key = new Uint8Array(32);
  new DataView(key.buffer).setUint32(0, n);
  return publicKey(key);
};

describe('a quota', () => {
  it('gives tokens back with time, up to the burst, and none for what it refuses', async () => {
    const environment = virtualEnvironment();
    const tokens = quota(environment, { burst: 3, perSecond: 1 });
    expect(tokens.take(peer(1), 4)).toBe(false);
    expect(tokens.take(peer(1), 3)).toBe(true);
    expect(tokens.take(peer(1), 1)).toBe(false);
    await environment.advance(60_000);
    expect(tokens.take(peer(1), 4)).toBe(false);
    tokens.charge(peer(1), 5);
    await environment.advance(4_000);
    expect(tokens.take(peer(1), 3)).toBe(false);
    expect(tokens.take(peer(1), 2)).toBe(true);
  });

  it('remembers 8 192 peers, those farthest from full', () => {
    const tokens = quota(virtualEnvironment(), { burst: 2, perSecond: 0 });
    for (let n = 0; n < 8_192; n++) expect(tokens.take(peer(n), n === 5 ? 1 : 2)).toBe(true);
    expect(tokens.take(peer(8_192), 2)).toBe(true);
    expect(tokens.take(peer(0), 1)).toBe(false);
    expect(tokens.take(peer(5), 2)).toBe(true); // had used the least, so was forgotten
  });

  it('neither gives nor takes tokens when the clock is set back', () => {
    let now = 1_000_000;
    const clock = { ...virtualEnvironment(), now: () => now };
    const tokens = quota(clock, { burst: 10, perSecond: 1 });
    expect(tokens.take(peer(1), 4)).toBe(true);
    now -= 3_600_000;
    expect(tokens.take(peer(1), 7)).toBe(false);
    expect(tokens.take(peer(1), 6)).toBe(true);
    now += 2_000;
    expect(tokens.take(peer(1), 2)).toBe(true);
  });

  it('does not forget a debt because many others appear', () => {
    const tokens = quota(virtualEnvironment(), { burst: 10, perSecond: 0 });
    tokens.charge(peer(0), 15);
    for (let n = 1; n <= 10_000; n++) expect(tokens.take(peer(n), 1)).toBe(true);
    expect(tokens.take(peer(0), 1)).toBe(false);
  });

  it('gives back what was taken too much, up to the burst', () => {
    const tokens = quota(virtualEnvironment(), { burst: 10, perSecond: 0 });
    expect(tokens.take(peer(0), 10)).toBe(true);
    tokens.charge(peer(0), -30);
    expect(tokens.take(peer(0), 11)).toBe(false);
    expect(tokens.take(peer(0), 10)).toBe(true);
  });
});
