import { describe, expect, it } from 'vitest';
import { NetworkError } from '../../src/network/errors.ts';
import type { Frame } from '../../src/network/framing.ts';
import { streamPair } from '../../src/network/simulated/stream.ts';
import { codeOf } from '../support/errors.ts';

/** Two ends whose frames arrive at once, or when `flush` is called. */
function ends(held = false) {
  const queue: (() => void)[] = [];
  const resets: number[] = [];
  const carry = (effect: () => void): void => {
    if (held) queue.push(effect);
    else effect();
  };
  const same = (frame: Frame): readonly Frame[] => [frame];
  const [a, b] = streamPair({
    carry: [carry, carry],
    transform: [same, same],
    onReset: (end) => resets.push(end),
  });
  return {
    a,
    b,
    resets,
    flush: () => {
      for (const effect of queue.splice(0)) effect();
    },
  };
}
const bytes = Uint8Array.of(1);
const broken = new NetworkError('ERR_NETWORK_UNREACHABLE', 'broken');

describe('a simulated stream', () => {
  it('takes nothing after its sending side was closed, and closing again changes nothing', async () => {
    const { a, b } = ends();
    await a.closeWrite();
    await a.closeWrite();
    expect(codeOf(() => a.send('data', bytes))).toBe('ERR_NETWORK_UNREACHABLE');
    expect(await b.receive(10)).toBeUndefined();
  });

  it('fails with the reason it broke by, on every way to use it', async () => {
    const { a } = ends();
    a.breakOff(broken);
    a.breakOff(new NetworkError('ERR_NETWORK_BUSY', 'later'));
    expect(codeOf(() => a.send('data', bytes))).toBe('ERR_NETWORK_UNREACHABLE');
    expect(codeOf(() => a.receive(10))).toBe('ERR_NETWORK_UNREACHABLE');
    await expect(a.closeWrite()).rejects.toBe(broken);
  });

  it('tells those who ask after it ended that it ended', async () => {
    const { a, b } = ends();
    let closed = 0;
    a.onClose(() => closed++);
    await a.closeWrite();
    await b.closeWrite();
    expect(closed).toBe(1);
    a.onClose(() => closed++);
    expect(closed).toBe(2);
  });

  it('keeps a reader waiting whatever other things arrive, and drops what arrives after its end', async () => {
    const { a, b, resets, flush } = ends(true);
    const waiting = b.receive(10);
    a.send('data', bytes);
    flush();
    expect(await waiting).toMatchObject({ kind: 'data' });
    const next = b.receive(10);
    a.send('data', bytes);
    a.abort(broken);
    a.abort(broken);
    b.abort(broken);
    flush();
    await expect(next).rejects.toBe(broken);
    expect(resets).toEqual([0, 1]);
  });
});
