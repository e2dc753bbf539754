import {
  bytesToUtf8,
  type Network,
  type PublicKey,
  publicKey,
  publicKeyToHex,
  seededRandom,
  utf8ToBytes,
  type VirtualEnvironment,
  virtualEnvironment,
} from '@edmp/interface';
import { type SimulatedNetworks, simulatedNetworks } from '@edmp/trustchain/simulated';
import { describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { framesOf } from './support.ts';

const NODES = 200;
const TOPIC = 'notices';
const MISSING = '/lab/missing/1';
const REPAIR_MS = 10_000;
/** Set EDMP_SEED to see one other run. */
const SEEDS = process.env.EDMP_SEED === undefined ? [1, 2026] : [Number(process.env.EDMP_SEED)];

/** A node that floods notices and repairs what it missed by asking a neighbour now and then. */
interface Gossiper {
  readonly network: Network;
  readonly notices: Set<string>;
  /** How many notices came by repair. */
  repaired: number;
}

interface Lab {
  readonly environment: VirtualEnvironment;
  readonly simulation: SimulatedNetworks;
  readonly gossipers: readonly Gossiper[];
  /** Share of `among` that hold `notice`. */
  reach(notice: string, among?: readonly Gossiper[]): number;
  publish(gossiper: Gossiper, notice: string): Promise<void>;
}

function gossiper(network: Network, environment: VirtualEnvironment): Gossiper {
  const notices = new Set<string>();
  const self: Gossiper = { network, notices, repaired: 0 };
  network.subscribe(TOPIC, (body) => {
    notices.add(bytesToUtf8(body));
    return 'accept';
  });
  network.handle(MISSING, async function* ({ body, from }) {
    const theirs = new Set(
      bytesToUtf8(body)
        .split('\n')
        .filter((notice) => notice !== ''),
    );
    // Who asks may itself have something: then ask back.
    if ([...theirs].some((notice) => !notices.has(notice))) void repair(from);
    for (const notice of notices) if (!theirs.has(notice)) yield utf8ToBytes(notice);
  });
  const repair = async (peer: PublicKey | undefined): Promise<void> => {
    if (peer === undefined) return;
    const known = utf8ToBytes([...notices].join('\n'));
    // A neighbour that just went away is simply not asked.
    const missing = await framesOf(network.request(peer, MISSING, known)).catch(() => []);
    for (const body of missing) {
      const notice = bytesToUtf8(body);
      if (notices.has(notice)) continue;
      notices.add(notice);
      self.repaired++;
      await network.publish(TOPIC, body);
    }
  };
  const again = (): void => {
    environment.schedule(REPAIR_MS, () => {
      const peers = network.peers();
      const [high = 0, low = 0] = environment.randomBytes(2);
      void repair(peers[(high * 256 + low) % Math.max(1, peers.length)]);
      again();
    });
  };
  again();
  return self;
}

/** 200 nodes that keep connections to four others each, dialled at start. */
async function lab(seed: number): Promise<Lab> {
  const environment = virtualEnvironment({ seed });
  const simulation = simulatedNetworks({ environment, seed, topicFaults: { loss: 0.1 } });
  const random = seededRandom(seed).fork('lab');
  const keys = Array.from({ length: NODES }, () => publicKey(random.bytes(32)));
  const gossipers = keys.map((self, i) => {
    const others = [keys[(i + 1) % NODES]!, ...Array.from({ length: 3 }, () => keys[random.below(NODES)]!)];
    const addresses = others.filter((key) => key !== self).map(simulation.addressOf);
    return gossiper(simulation.create({ self, keepConnected: addresses }), environment);
  });
  for (const { network } of gossipers) await network.start();
  await environment.advance(5000);
  return {
    environment,
    simulation,
    gossipers,
    reach: (notice, among = gossipers) =>
      among.filter(({ notices }) => notices.has(notice)).length / among.length,
    async publish({ network, notices }, notice) {
      notices.add(notice);
      await network.publish(TOPIC, utf8ToBytes(notice));
    },
  };
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const numbers = Array.from({ length: 20 }, (_, i) => i);

describe(`simulation lab: ${NODES} nodes, every tenth topic message lost`, () => {
  it.each(SEEDS)('gossip reaches everybody, also across a healed partition (seed %i)', async (seed) => {
    const { environment, simulation, gossipers, reach, publish } = await lab(seed);
    const note = `seed ${seed}`;
    const at = (index: number): Gossiper => gossipers[index % NODES]!;

    // Flooding alone: within two seconds, before the first repair after publishing can matter much.
    const before = numbers.map((i) => `before ${i}`);
    for (const [i, notice] of before.entries()) await publish(at(i * 37), notice);
    await environment.advance(2000);
    expect(Math.min(...before.map((notice) => reach(notice))), note).toBeGreaterThanOrEqual(0.97);
    expect(mean(before.map((notice) => reach(notice))), note).toBeGreaterThanOrEqual(0.995);
    expect(simulation.count('lose'), note).toBeGreaterThan(1000);
    await environment.advance(3 * REPAIR_MS);
    expect(Math.min(...before.map((notice) => reach(notice))), note).toBe(1);

    // Two halves for a minute: each goes on alone, nothing crosses.
    const [left, right] = [gossipers.slice(0, NODES / 2), gossipers.slice(NODES / 2)];
    const keysOf = (side: readonly Gossiper[]) => side.map(({ network }) => network.self);
    simulation.partition(keysOf(left), keysOf(right));
    const ofLeft = numbers.map((i) => `left ${i}`);
    const ofRight = numbers.map((i) => `right ${i}`);
    for (const i of numbers) {
      await publish(left[i * 5]!, ofLeft[i]!);
      await publish(right[i * 5]!, ofRight[i]!);
    }
    await environment.advance(60_000);
    expect(Math.min(...ofLeft.map((notice) => reach(notice, left))), note).toBe(1);
    expect(Math.min(...ofRight.map((notice) => reach(notice, right))), note).toBe(1);
    expect(Math.max(...ofLeft.map((notice) => reach(notice, right))), note).toBe(0);
    expect(Math.max(...ofRight.map((notice) => reach(notice, left))), note).toBe(0);

    // Healed: the nodes find each other again by dialling, and repair brings both halves together.
    simulation.heal();
    const healed = environment.now();
    const all = [...ofLeft, ...ofRight];
    while (Math.min(...all.map((notice) => reach(notice))) < 1) {
      expect(environment.now() - healed, `${note}: time until everybody has everything`).toBeLessThan(
        bounds.long,
      );
      await environment.advance(1000);
    }
    await publish(at(50), 'after');
    await environment.advance(3 * REPAIR_MS);
    expect(reach('after'), note).toBe(1);

    const connected = gossipers.every(({ network }) =>
      network.peers().every((peer) =>
        at(gossipers.findIndex((other) => publicKeyToHex(other.network.self) === publicKeyToHex(peer)))
          .network.peers()
          .some((back) => publicKeyToHex(back) === publicKeyToHex(network.self)),
      ),
    );
    expect(connected, `${note}: connections are mutual`).toBe(true);
    expect(
      gossipers.some(({ repaired }) => repaired > 0),
      note,
    ).toBe(true);
  });
});
