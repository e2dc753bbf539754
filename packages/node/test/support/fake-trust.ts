import type { TrustView } from '../../src/client.ts';

/** A seller that the node bought from directly and over somebody; `cc…` is a cheat. */
export function fakeTrust(agent: string, self: string): TrustView {
  const condemned = agent === 'cc'.repeat(32);
  const between = 'bb'.repeat(32);
  return {
    currency: 'DUM1',
    currencyLabel: 'DUM1',
    score: condemned ? 0n : 15n,
    standing: condemned ? 0n : 15n,
    hits: condemned ? 0 : 4_210,
    walks: 10_000,
    condemned,
    proofs: condemned ? [Uint8Array.of(1, 2)] : [],
    truncated: condemned ? null : 'edges',
    paths: condemned
      ? []
      : [
          { agents: [agent, self], amount: 10n },
          { agents: [agent, between, self], amount: 5n },
        ],
    morePaths: 0,
    bounds: condemned
      ? []
      : [
          { kind: 'standing', agent, amount: 10n },
          { kind: 'deals', seller: agent, buyer: between, amount: 5n },
        ],
    moreBounds: 0,
    advice: condemned
      ? []
      : [
          { kind: 'buy-from-it', seller: agent, buyer: self },
          { kind: 'more-standing', agent },
        ],
  };
}
