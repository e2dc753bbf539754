import { describe, expect, it } from 'vitest';
import { TRADE_PREFIX } from '../../packages/market/src/trade/records.ts';
import { BUYERS } from '../market/byzantine/buyers.ts';
import { JUDGES } from '../market/byzantine/judges.ts';
import type { ByzantineRole } from '../market/byzantine/role.ts';
import { AIMS } from '../market/disturbance.ts';
import { runHistory } from '../market/history.ts';

const NONE: ReadonlySet<string> = new Set();

/** Rules that one of some seeds breaks with a bug on purpose. */
async function found(planted: ByzantineRole, seeds: readonly number[], only?: ReadonlySet<string>) {
  const rules = new Set<string>();
  for (const seed of seeds) {
    const { findings } = await runHistory({ seed, planted, only });
    for (const { rule } of findings) rules.add(rule);
  }
  return [...rules];
}

const named = (roles: readonly ByzantineRole[], name: string): ByzantineRole => {
  const role = roles.find((candidate) => candidate.name === name);
  if (role === undefined) throw new Error(`no role ${name}`);
  return role;
};

describe('a history of a market', () => {
  it('is the same for the same seed, event for event, and another for another', async () => {
    const first = await runHistory({ seed: 11 });
    const second = await runHistory({ seed: 11 });
    expect(second).toEqual(first);
    expect((await runHistory({ seed: 12 })).digest).not.toBe(first.digest);
  }, 120_000);

  it('sells and breaks no rule when nothing goes wrong', async () => {
    const result = await runHistory({ seed: 2, only: NONE });
    expect(result.findings).toEqual([]);
    expect(result.completed).toBeGreaterThan(0);
  }, 60_000);

  it('aims at every state of both roles', () => {
    const moments = new Set(AIMS.map(({ role, state }) => `${role} ${state}`));
    expect(moments.size).toBe(15);
  });
});

describe('bugs on purpose are found', () => {
  it('a seller that forgets its trades', async () => {
    const forgetful: ByzantineRole = {
      name: 'forgets-trades',
      parties: ['seller'],
      wrapRecords: (store) => ({
        ...store,
        range: async (prefix, options) => (prefix === TRADE_PREFIX ? [] : store.range(prefix, options)),
      }),
    };
    expect(await found(forgetful, [2, 3], NONE)).toContain('trade-forgotten');
  }, 120_000);

  it('notaries that sign everything, all of them, and a buyer that forks', async () => {
    const liars: ByzantineRole = {
      ...named(JUDGES, 'judge-signs-everything'),
      parties: ['notary', 'buyer'],
      install: (context) => {
        if (context.member.party === 'buyer') named(BUYERS, 'buyer-forks').install?.(context);
      },
    };
    expect(await found(liars, [2, 3, 5, 7], NONE)).toContain('claim-of-nothing');
  }, 120_000);

  it('a matchmaker without disk for its statements', async () => {
    const forgetful: ByzantineRole = {
      name: 'forgets-holds',
      parties: ['witness', 'notary'],
      wrapStatements: (store) => ({
        ...store,
        get: async (key) => (key.startsWith('notary/hold/') ? undefined : store.get(key)),
      }),
    };
    const rules = await found(forgetful, [1, 2, 3]);
    expect(rules.length).toBeGreaterThan(0);
  }, 120_000);

  it('a market that throws what is no typed error', async () => {
    const untyped: ByzantineRole = {
      name: 'untyped',
      parties: ['seller'],
      install({ member }) {
        member.settlement.holds = async () => {
          throw new TypeError('a bug');
        };
      },
    };
    expect(await found(untyped, [2], NONE)).toContain('untyped-error');
  }, 60_000);
});
