import {
  bytesToUtf8,
  type Network,
  publicKeyToHex,
  singleFrame,
  sleep,
  uint32ToBytes,
  utf8ToBytes,
  type VirtualEnvironment,
  virtualEnvironment,
} from '@edmp/interface';
import {
  constantLatency,
  longTailLatency,
  type SimulatedEvent,
  type SimulatedNetworks,
  type SimulatedNetworksOptions,
  simulatedNetworks,
  uniformLatency,
} from '@edmp/trustchain/simulated';
import { describe, expect, it } from 'vitest';
import { codeOf, framesOf } from './support.ts';

const TOPIC = 'readings';
const EMPTY = new Uint8Array();

interface World {
  readonly environment: VirtualEnvironment;
  readonly simulation: SimulatedNetworks;
  readonly nodes: readonly Network[];
  node(index: number): Network;
}

/** `count` started nodes, not connected. */
async function world(count: number, options: Partial<SimulatedNetworksOptions> = {}): Promise<World> {
  const environment = virtualEnvironment({ seed: options.seed ?? 1 });
  const simulation = simulatedNetworks({ environment, ...options });
  const nodes = Array.from({ length: count }, () => simulation.create());
  for (const node of nodes) await node.start();
  return { environment, simulation, nodes, node: (index) => nodes[index]! };
}

/** Texts that a node receives on the topic. */
function inbox(node: Network): string[] {
  const texts: string[] = [];
  node.subscribe(TOPIC, (body) => {
    texts.push(bytesToUtf8(body));
    return 'accept';
  });
  return texts;
}

const publish = (node: Network, text: string): Promise<void> => node.publish(TOPIC, utf8ToBytes(text));

describe('determinism', () => {
  /** A busy minute: floods with all faults, requests, a partition, a crash and a restart. */
  async function run(seed: number): Promise<SimulatedEvent[]> {
    const events: SimulatedEvent[] = [];
    const { environment, simulation, nodes, node } = await world(20, {
      seed,
      topicFaults: { loss: 0.1, duplication: 0.1, reordering: 0.2 },
      onEvent: (event) => events.push(event),
    });
    simulation.linkRandomly(4);
    for (const each of nodes) {
      inbox(each);
      each.handle('/echo', async ({ body }) => {
        await sleep(environment, 5);
        return body;
      });
    }
    const outcomes: Promise<string>[] = [];
    for (let i = 0; i < 30; i++) {
      if (i !== 23) await publish(node(i % 20), `message ${i}`); // number 3 is dead then
      const asked = node((i * 7) % 20);
      for (const peer of asked.peers()) {
        outcomes.push(codeOf(framesOf(asked.request(peer, '/echo', uint32ToBytes(i)))));
      }
      if (i === 10)
        simulation.partition(
          nodes.slice(0, 8).map(({ self }) => self),
          nodes.slice(8).map(({ self }) => self),
        );
      if (i === 20) simulation.heal();
      if (i === 22) simulation.crash(node(3).self);
      if (i === 24)
        await simulation.create({ self: node(3).self, keepConnected: node(4).addresses() }).start();
      await environment.advance(500);
    }
    await environment.run(Promise.all(outcomes));
    return events;
  }

  it('gives equal runs for equal seeds, event for event, and others for others', async () => {
    const first = await run(11);
    expect(first.length).toBeGreaterThan(800);
    expect(await run(11)).toEqual(first);
    expect(await run(12)).not.toEqual(first);
  });
});

describe('latency', () => {
  it('delays every hop', async () => {
    const { environment, simulation, node } = await world(2, { latency: constantLatency(30) });
    simulation.link(node(0).self, node(1).self);
    node(1).handle('/echo', async ({ body }) => body);
    const start = environment.now();
    await environment.run(singleFrame(node(0).request(node(1).self, '/echo', EMPTY)));
    expect(environment.now() - start).toBe(60);
    const dialled = environment.now();
    await environment.run(node(0).connect(node(1).addresses()[0]!));
    expect(environment.now() - dialled).toBe(0);
  });

  it('of a long tail has its median where it was asked for, and its limits', async () => {
    const { environment, simulation, node } = await world(2, {
      latency: longTailLatency({ medianMs: 40, maxMs: 400 }),
    });
    simulation.link(node(0).self, node(1).self);
    const times: number[] = [];
    node(1).subscribe(TOPIC, (body) => {
      times.push(environment.now() - Number(bytesToUtf8(body).split(' ')[1]));
      return 'accept';
    });
    for (let i = 0; i < 1001; i++) {
      await publish(node(0), `${i} ${environment.now()}`);
      await environment.advance(500);
    }
    times.sort((a, b) => a - b);
    expect(times.length).toBe(1001);
    expect(times[500]).toBeGreaterThan(34);
    expect(times[500]).toBeLessThan(46);
    expect(times[0]).toBeGreaterThanOrEqual(1);
    expect(times[1000]).toBe(400);
  });

  it('keeps the frames of a stream in order', async () => {
    const { environment, simulation, node } = await world(2, { latency: uniformLatency(1, 500) });
    simulation.link(node(0).self, node(1).self);
    node(1).handle('/count', async function* () {
      for (let i = 0; i < 500; i++) yield uint32ToBytes(i);
    });
    const frames = await environment.run(framesOf(node(0).request(node(1).self, '/count', EMPTY)));
    expect(frames).toEqual(Array.from({ length: 500 }, (_, i) => uint32ToBytes(i)));
  });
});

describe('topic faults', () => {
  it('lose about the asked share of messages on each hop, and none of the requests', async () => {
    const { environment, simulation, node } = await world(2, { topicFaults: { loss: 0.3 } });
    simulation.link(node(0).self, node(1).self);
    const texts = inbox(node(1));
    node(1).handle('/echo', async ({ body }) => body);
    for (let i = 0; i < 1000; i++) await publish(node(0), `${i}`);
    for (let i = 0; i < 100; i++) {
      await environment.run(singleFrame(node(0).request(node(1).self, '/echo', uint32ToBytes(i))));
    }
    await environment.advance(10_000);
    expect(texts.length).toBeGreaterThan(630);
    expect(texts.length).toBeLessThan(770);
    expect(simulation.count('lose')).toBe(1000 - texts.length);
  });

  it('deliver duplicates only once', async () => {
    const { environment, simulation, node } = await world(2, { topicFaults: { duplication: 1 } });
    simulation.link(node(0).self, node(1).self);
    const texts = inbox(node(1));
    await publish(node(0), 'once');
    await environment.advance(10_000);
    expect(texts).toEqual(['once']);
    expect(simulation.count('duplicate')).toBe(1);
  });

  it('keep order unless reordering is asked for', async () => {
    const order = async (reordering: number): Promise<string[]> => {
      const { environment, simulation, node } = await world(2, { topicFaults: { reordering } });
      simulation.link(node(0).self, node(1).self);
      const texts = inbox(node(1));
      for (let i = 0; i < 50; i++) await publish(node(0), `${i}`);
      await environment.advance(60_000);
      return texts;
    };
    const sent = Array.from({ length: 50 }, (_, i) => `${i}`);
    expect(await order(0)).toEqual(sent);
    const shuffled = await order(0.3);
    expect(shuffled).not.toEqual(sent);
    expect([...shuffled].sort((a, b) => Number(a) - Number(b))).toEqual(sent);
  });

  it('must be probabilities', () => {
    const environment = virtualEnvironment();
    expect(() => simulatedNetworks({ environment, topicFaults: { loss: 1.1 } })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
    );
  });
});

describe('partitions', () => {
  it('break what crosses them and nothing else, until somebody dials after the healing', async () => {
    const { environment, simulation, node } = await world(3);
    const [a, b, c] = [node(0), node(1), node(2)];
    simulation.link(a.self, b.self);
    simulation.link(a.self, c.self);
    const silent = (): Promise<Uint8Array> => new Promise(() => undefined);
    b.handle('/wait', silent);
    c.handle('/echo', async ({ body }) => {
      await sleep(environment, 1000);
      return body;
    });
    const events: string[] = [];
    a.onPeer(({ type, peer }) => events.push(`${type} ${publicKeyToHex(peer)}`));
    const broken = codeOf(framesOf(a.request(b.self, '/wait', EMPTY, { timeoutMs: 60_000 })));
    const kept = singleFrame(a.request(c.self, '/echo', Uint8Array.of(5)));
    await environment.advance(300);
    simulation.partition([a.self, c.self], [b.self]);
    expect(await broken).toBe('ERR_NETWORK_UNREACHABLE');
    expect(events).toEqual([`disconnected ${publicKeyToHex(b.self)}`]);
    expect(await environment.run(kept)).toEqual(Uint8Array.of(5));

    const start = environment.now();
    expect(await environment.run(codeOf(a.connect(b.addresses()[0]!)))).toBe('ERR_NETWORK_UNREACHABLE');
    expect(environment.now() - start).toBe(5000);
    simulation.heal();
    expect(a.peers()).toEqual([c.self]);
    expect(await environment.run(a.connect(b.addresses()[0]!))).toEqual(b.self);
  });

  it('of one link leave the way around', async () => {
    const { environment, simulation, node } = await world(3);
    const [a, b, c] = [node(0), node(1), node(2)];
    for (const [x, y] of [
      [a, b],
      [b, c],
      [a, c],
    ] as const)
      simulation.link(x.self, y.self);
    const texts = inbox(c);
    inbox(b);
    simulation.cut(a.self, c.self);
    await publish(a, 'around');
    await environment.advance(5000);
    expect(texts).toEqual(['around']);
    expect(() => simulation.link(a.self, c.self)).toThrow(/partition/);
  });

  it('let a request dial a peer that the node knew before', async () => {
    const { environment, simulation, node } = await world(2);
    const [a, b] = [node(0), node(1)];
    simulation.link(a.self, b.self);
    b.handle('/echo', async ({ body }) => body);
    simulation.cut(a.self, b.self);
    simulation.heal();
    expect(a.peers()).toEqual([]);
    expect(await environment.run(singleFrame(a.request(b.self, '/echo', Uint8Array.of(1))))).toEqual(
      Uint8Array.of(1),
    );
    expect(a.peers()).toEqual([b.self]);
  });
});

describe('crashes', () => {
  it('end everything at once, and the key may come back as a new node', async () => {
    const { environment, simulation, node } = await world(2);
    const [a, b] = [node(0), node(1)];
    simulation.link(a.self, b.self);
    b.handle('/wait', () => new Promise(() => undefined));
    a.handle('/wait', () => new Promise(() => undefined));
    const toDead = codeOf(framesOf(a.request(b.self, '/wait', EMPTY)));
    const ofDead = codeOf(framesOf(b.request(a.self, '/wait', EMPTY)));
    await environment.advance(2000);
    simulation.crash(b.self);
    expect(await toDead).toBe('ERR_NETWORK_UNREACHABLE');
    expect(await ofDead).toBe('ERR_NETWORK_STOPPED');
    expect([a.peers(), b.peers()]).toEqual([[], []]);
    expect(await codeOf(publish(b, 'from beyond'))).toBe('ERR_NETWORK_STOPPED');

    const again = simulation.create({ self: b.self });
    await again.start();
    again.handle('/echo', async ({ body }) => body);
    expect(await environment.run(a.connect(again.addresses()[0]!))).toEqual(b.self);
    expect(await environment.run(singleFrame(a.request(b.self, '/echo', Uint8Array.of(9))))).toEqual(
      Uint8Array.of(9),
    );
    expect(await codeOf(b.start()), 'the dead object').toBe('ERR_INVALID_ARGUMENT');
    expect(() => simulation.create({ self: b.self })).toThrow(/running/);
  });

  it('do not take the handlers of a node that only stops', async () => {
    const { environment, simulation, node } = await world(2);
    const [a, b] = [node(0), node(1)];
    b.handle('/echo', async ({ body }) => body);
    const texts = inbox(b);
    await b.stop();
    expect(b.addresses()).toEqual([]);
    await b.start();
    simulation.link(a.self, b.self);
    await publish(a, 'hello again');
    await environment.run(singleFrame(a.request(b.self, '/echo', EMPTY)));
    await environment.advance(1000);
    expect(texts).toEqual(['hello again']);
  });
});

describe('lying peers', () => {
  it('alter requests, answers and messages, or keep them to themselves', async () => {
    const { environment, simulation, node } = await world(2);
    const [a, b] = [node(0), node(1)];
    simulation.link(a.self, b.self);
    b.handle('/echo', async ({ body }) => body);
    const texts = inbox(b);
    const kinds: string[] = [];
    const honest = simulation.tamper(b.self, ({ kind, name, body }) => {
      kinds.push(`${kind} ${name}`);
      return [Uint8Array.of(...body, 99), Uint8Array.of(100)];
    });
    const lied = framesOf(a.request(b.self, '/echo', Uint8Array.of(1)));
    expect(await environment.run(lied)).toEqual([Uint8Array.of(1, 99), Uint8Array.of(100)]);
    expect(kinds).toEqual(['response /echo']);
    honest();
    expect(await environment.run(framesOf(a.request(b.self, '/echo', Uint8Array.of(1))))).toEqual([
      Uint8Array.of(1),
    ]);

    simulation.tamper(a.self, ({ kind, body }) => {
      if (kind === 'request') return undefined;
      body.fill(0x78); // what a hook does to its copy stays there
      return kind === 'topic' ? utf8ToBytes('altered') : body;
    });
    await publish(a, 'original');
    const dropped = codeOf(framesOf(a.request(b.self, '/echo', EMPTY)));
    expect(await environment.run(dropped), 'a stream without its request').toBe('ERR_NETWORK_PROTOCOL');
    expect(texts).toEqual(['altered']);
  });

  it('are ignored after eight rejected messages, and heard again later', async () => {
    const { environment, simulation, node } = await world(2);
    const [liar, judge] = [node(0), node(1)];
    simulation.link(liar.self, judge.self);
    const seen: string[] = [];
    judge.subscribe(TOPIC, (body) => {
      const text = bytesToUtf8(body);
      seen.push(text);
      return text.startsWith('lie') ? 'reject' : 'accept';
    });
    for (let i = 0; i < 20; i++) {
      await publish(liar, `lie ${i}`);
      await environment.advance(100);
    }
    await environment.advance(2000);
    expect(seen.length).toBe(8);
    await environment.advance(120_000);
    await publish(liar, 'truth');
    await environment.advance(2000);
    expect(seen.at(-1)).toBe('truth');
  });
});

describe('keeping connections', () => {
  it('dials again with growing waits until the peer is back', async () => {
    const environment = virtualEnvironment();
    const attempts: number[] = [];
    const simulation = simulatedNetworks({
      environment,
      latency: constantLatency(10),
      onEvent: ({ type, time }) => {
        if (type === 'connect') attempts.push(time);
      },
    });
    const b = simulation.create();
    await b.start();
    const a = simulation.create({ keepConnected: [simulation.addressOf(b.self)] });
    await a.start();
    await environment.advance(100);
    expect(a.peers()).toEqual([b.self]);

    await b.stop();
    expect(a.peers()).toEqual([]);
    await environment.advance(30_000);
    await b.start();
    const back = environment.now();
    await environment.advance(65_000);
    expect(a.peers()).toEqual([b.self]);
    expect(attempts.length).toBe(2);
    expect(attempts[1]! - back, 'after waits of up to 32 s by then').toBeLessThan(32_000);

    simulation.partition([a.self], [b.self]);
    await environment.advance(1000);
    simulation.heal();
    await environment.advance(10_000);
    expect(a.peers(), 'soon after a short cut').toEqual([b.self]);

    await a.stop();
    await environment.advance(120_000);
    expect(environment.pendingTimers, 'nothing is dialled after a stop').toBe(0);
    expect(b.peers()).toEqual([]);
  });

  it('refuses what is no address', () => {
    const simulation = simulatedNetworks({ environment: virtualEnvironment() });
    expect(() => simulation.create({ keepConnected: ['/ip4/127.0.0.1/tcp/1'] })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
    );
  });
});

describe('a thousand nodes', () => {
  it('are reached by a flood within seconds of simulated time', async () => {
    const { environment, simulation, nodes, node } = await world(1000, { seed: 5 });
    simulation.linkRandomly(8);
    const links = nodes.reduce((sum, { peers }) => sum + peers().length, 0) / 2;
    expect(links).toBe(4000);
    let reached = 0;
    for (const each of nodes) {
      each.subscribe(TOPIC, () => {
        reached++;
        return 'accept';
      });
    }
    for (let i = 0; i < 10; i++) await publish(node(100 * i), `message ${i}`);
    await environment.advance(2000);
    expect(reached).toBe(9990);
  });
});
