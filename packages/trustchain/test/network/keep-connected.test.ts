import { type PeerEvent, type PublicKey, publicKey, virtualEnvironment } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { keepConnected } from '../../src/network/keep-connected.ts';

/** A network where a dial to the one peer always succeeds, and whose connection ends `lasting` ms later. */
function flakyPeer(lasting: () => number) {
  const environment = virtualEnvironment({ seed: 1 });
  const peer = publicKey(environment.randomBytes(32));
  const dials: number[] = [];
  let listener: ((event: PeerEvent) => void) | undefined;
  let connected: PublicKey[] = [];
  const stop = keepConnected({
    environment,
    addresses: ['there'],
    network: {
      peers: () => connected,
      onPeer(listen) {
        listener = listen;
        return () => undefined;
      },
      async connect() {
        dials.push(environment.now());
        connected = [peer];
        listener?.({ type: 'connected', peer });
        const end = (): void => {
          connected = [];
          listener?.({ type: 'disconnected', peer });
        };
        if (lasting() === 0) end();
        else environment.schedule(lasting(), end);
        return peer;
      },
    },
  });
  return { environment, dials, stop };
}

const HOUR = 3_600_000;

describe('keeping connected', () => {
  it.each([0, 1, 500, 9_000])('dials a peer that hangs up after %i ms ever more rarely', async (ms) => {
    const { environment, dials, stop } = flakyPeer(() => ms);
    await environment.advance(HOUR);
    // Six doublings lead to a minute; half of each wait is random.
    expect(dials.length).toBeGreaterThan(40);
    expect(dials.length).toBeLessThan(130);
    stop();
  });

  it('dials again soon after a connection that lasted', async () => {
    let lasting = 100;
    const { environment, dials, stop } = flakyPeer(() => lasting);
    await environment.advance(HOUR);
    lasting = 20_000;
    await environment.advance(120_000);
    const before = dials.length;
    await environment.advance(210_000);
    // Each round: 20 s of connection and up to a second of waiting.
    expect(dials.length - before).toBeGreaterThanOrEqual(9);
    stop();
    await environment.advance(HOUR);
    expect(dials.length - before).toBeLessThan(12);
  });
});
