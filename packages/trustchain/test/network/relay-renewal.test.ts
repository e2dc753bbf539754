import { systemEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { type Libp2pNetwork, libp2pNetwork, peerIdOfKey, relayServer } from '@edmp/trustchain/libp2p';
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { tcp } from '@libp2p/tcp';
import { afterEach, expect, it, vi } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';

const environment = systemEnvironment();
const crypto = nodeCrypto();
const toStop: Libp2pNetwork[] = [];
/** A length that nothing else waits for, ms. */
const RESERVATION_MS = 1_234_567;
const HOP = '/libp2p/circuit/relay/0.2.0/hop';
/** A `RESERVE` behind its length (libp2p specs, relay/circuit-v2 §Reservation). */
const RESERVE = Uint8Array.of(2, 8, 0);

afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(toStop.splice(0).map((each) => each.stop()));
});

async function started(options: Partial<Parameters<typeof libp2pNetwork>[0]>): Promise<Libp2pNetwork> {
  const network = libp2pNetwork({
    environment,
    crypto,
    secretKey: environment.randomBytes(32),
    transports: [tcp(), circuitRelayTransport()],
    ...options,
  });
  toStop.push(network);
  await network.start();
  return network;
}

it('a reservation that is renewed again and again lasts until its last renewal runs out', async () => {
  /** Ends of the reservation's timers, in the order in which they were set. */
  const timers: (() => void)[] = [];
  const usual = AbortSignal.timeout.bind(AbortSignal);
  vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
    if (ms !== RESERVATION_MS) return usual(ms);
    const controller = new AbortController();
    timers.push(() => controller.abort());
    return controller.signal;
  });
  const relay = await started({
    services: { relay: relayServer({ environment, reservationMs: RESERVATION_MS }) },
  });
  const [address = ''] = relay.addresses();
  const holder = await started({ listen: [], relays: [address] });
  type Services = { readonly relay: ReturnType<ReturnType<typeof relayServer>> };
  const { relay: service } = relay.libp2p!.services as unknown as Services;
  const isHeld = (): boolean => service.reservations.has(peerIdOfKey(holder.self));
  await vi.waitFor(() => expect(isHeld()).toBe(true), { timeout: bounds.wait });
  for (let renewals = 1; renewals <= 3; renewals++) {
    const stream = await holder.libp2p?.dialProtocol(peerIdOfKey(relay.self), HOP);
    stream?.send(RESERVE);
    await vi.waitFor(() => expect(timers).toHaveLength(1 + renewals), { timeout: bounds.wait });
    await stream?.close();
  }
  for (const runOut of timers.slice(0, -1)) {
    runOut();
    expect(isHeld()).toBe(true);
  }
  timers.at(-1)?.();
  expect(isHeld()).toBe(false);
});
