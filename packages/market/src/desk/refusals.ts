import type { Environment, PublicKey } from '@edmp/interface';
import type { MarketEvidence } from '../market.ts';

/** Refused messages kept: an afternoon of one attack a minute by each of a few peers. */
export const MAX_REFUSALS = 1_000;

/** What was refused because it broke a rule, newest last, bounded. */
export class Refusals {
  readonly #kept: MarketEvidence[] = [];
  readonly #environment: Pick<Environment, 'now'>;
  readonly #tell: (evidence: MarketEvidence) => void;

  constructor(environment: Pick<Environment, 'now'>, tell: (evidence: MarketEvidence) => void) {
    this.#environment = environment;
    this.#tell = tell;
  }

  add(peer: PublicKey, code: string, reason: string): void {
    this.#tell(this.note(peer, code, reason));
  }

  /** Keeps a refusal without telling anybody: a listener's own failure must not be told to that listener. */
  note(peer: PublicKey, code: string, reason: string): MarketEvidence {
    const evidence: MarketEvidence = { code, reason, peer, time: this.#environment.now() };
    this.#kept.push(evidence);
    if (this.#kept.length > MAX_REFUSALS) this.#kept.shift();
    return evidence;
  }

  all(): readonly MarketEvidence[] {
    return [...this.#kept];
  }
}
