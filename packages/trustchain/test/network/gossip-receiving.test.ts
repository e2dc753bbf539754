import type { Connection, Stream } from '@libp2p/interface';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteBudget } from '../../src/network/byte-budget.ts';
import { HalfReadCounter, withHalfReadBudget } from '../../src/network/libp2p/gossip-receiving.ts';
import type { StreamHandler } from '../../src/network/libp2p/stepped-registrar.ts';

/** A message with its length before it, as an unsigned varint. */
function message(length: number): Uint8Array {
  const prefix: number[] = [];
  let rest = length;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) prefix.push((rest % 128) + 0x80);
  return Uint8Array.of(...prefix, rest, ...new Uint8Array(length));
}

describe('the count of half-read gossip', () => {
  it('is what came since the end of the last whole message, however it was cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 20 }),
        (lengths, cuts) => {
          const messages = lengths.map(message);
          const bytes = Uint8Array.from(messages.flatMap((each) => [...each]));
          const ends = messages.map((_, i) =>
            messages.slice(0, i + 1).reduce((sum, each) => sum + each.length, 0),
          );
          const counter = new HalfReadCounter();
          let at = 0;
          for (let i = 0; at < bytes.length; i++) {
            const next = Math.min(bytes.length, at + (cuts[i % cuts.length] ?? 1));
            counter.read(bytes.subarray(at, next));
            at = next;
            const last = Math.max(0, ...ends.filter((end) => end <= at));
            const waiting = at - last;
            // The prefix counts until the message begins.
            expect(counter.held).toBeLessThanOrEqual(waiting);
            expect(counter.held).toBeGreaterThanOrEqual(waiting - 2);
            if (waiting === 0) expect(counter.held).toBe(0);
          }
        },
      ),
    );
  });

  it('bounds what all peers together have sent of messages that are not whole', () => {
    const streams: (EventTarget & { aborted?: boolean })[] = [];
    let handler: StreamHandler | undefined;
    const registrar = {
      handle: async (_protocol: string, given: StreamHandler) => {
        handler = given;
      },
    };
    const budget = byteBudget({ perPeer: 1_000, total: 1_000 });
    const components = withHalfReadBudget({ registrar }, budget);
    void components.registrar.handle('/meshsub/1.2.0', () => undefined);
    const open = (peer: string) => {
      const stream = Object.assign(new EventTarget(), {
        aborted: false,
        abort: () => {
          stream.aborted = true;
          stream.dispatchEvent(new Event('close'));
        },
      });
      handler?.(
        stream as unknown as Stream,
        { remotePeer: { toString: () => peer } } as unknown as Connection,
      );
      streams.push(stream);
      return {
        stream,
        send: (bytes: Uint8Array) =>
          stream.dispatchEvent(Object.assign(new Event('message'), { data: { subarray: () => bytes } })),
      };
    };
    const first = open('a');
    first.send(message(600).subarray(0, 400));
    expect(budget.held).toBe(398);
    const second = open('b');
    // More than half of what is free.
    second.send(message(600).subarray(0, 400));
    expect([first.stream.aborted, second.stream.aborted]).toEqual([false, true]);
    // The rest frees it.
    first.send(message(600).subarray(400));
    expect(budget.held).toBe(0);
    const third = open('b');
    third.send(message(600).subarray(0, 400));
    expect(budget.held).toBe(398);
    third.stream.dispatchEvent(new Event('close'));
    expect(budget.held).toBe(0);
  });
});
