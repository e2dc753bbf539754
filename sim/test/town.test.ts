import { describe, expect, it } from 'vitest';
import type { Network } from '../../packages/interface/src/index.ts';
import { RECONCILE_PROTOCOL } from '../../packages/trustchain/src/protocol/gossip/reconcile-messages.ts';
import { FRAUD_TOPIC, HEADS_TOPIC } from '../../packages/trustchain/src/protocol.ts';
import { type HistoryResult, runHistory } from '../market/history.ts';
import { Homes } from '../town/homes.ts';
import { townHistory } from '../town/scenario.ts';

const SECRETS: readonly string[] = [FRAUD_TOPIC, HEADS_TOPIC, RECONCILE_PROTOCOL];

/** Hears of no fork: follows no topic, and compares with nobody. */
function deaf(network: Network): Network {
  const changed: Partial<Network> = {
    subscribe: (topic, handler) =>
      SECRETS.includes(topic) ? () => undefined : network.subscribe(topic, handler),
    request(peer, protocol, body, options) {
      if (SECRETS.includes(protocol)) throw new Error('deaf');
      return network.request(peer, protocol, body, options);
    },
  };
  return new Proxy(network, {
    get: (target, name): unknown => Reflect.get(changed, name) ?? Reflect.get(target, name),
  });
}

const kindsOf = ({ faults }: HistoryResult): number => Object.keys(faults).length;

describe('a history of a town', () => {
  it('is the same for the same seed, event for event, and breaks no rule', async () => {
    const first = await runHistory(townHistory(2, 12));
    expect(first.findings).toEqual([]);
    expect(await runHistory(townHistory(2, 12))).toEqual(first);
  }, 240_000);

  it('goes on until it has lived through the faults that were asked for, of sixteen kinds and more', async () => {
    const result = await runHistory(townHistory(3, 12, { faults: 1_500 }));
    expect(Object.values(result.faults).reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(1_500);
    expect(kindsOf(result)).toBeGreaterThanOrEqual(16);
    expect(result.findings).toEqual([]);
  }, 240_000);

  it('shows a home that hears of no fork', async () => {
    const { findings } = await runHistory({
      seed: 3,
      faults: 300,
      around: (world) => new Homes(world, 12, deaf),
    });
    expect(findings.map(({ rule }) => rule)).toContain('fork-unknown');
    expect(findings.every(({ text }) => text.startsWith('home0'))).toBe(true);
  }, 240_000);
});
