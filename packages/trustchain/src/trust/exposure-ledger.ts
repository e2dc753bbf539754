import { type PublicKey, type PublicKeyHex, publicKey, publicKeyToHex } from '@edmp/interface';
import { TrustError } from './errors.ts';
import { QUESTION_WORK } from './flow-work.ts';
import { MAX_FLOW } from './limits.ts';
import type { NetFlow } from './net-flow.ts';

/** Room that is left for one agent beside what is at risk already, minor units. */
export interface Headroom {
  /** How much more may be at risk with it: whatever stands behind the same cut takes from it. */
  readonly room: bigint;
  /** What is at risk with all agents, as charged. */
  readonly charged: bigint;
  /** How much of that its agents' deals are good for; the rest is at risk with strangers. */
  readonly covered: bigint;
}

/**
 * What is at risk with whom, charged to the cuts of a NetFlow and not to identities: all that is at risk flows at once, so a
 * thousand agents behind one attacker share what it is good for. The order of charges does not matter. Where flows take
 * too much work, room and what is covered are the least that they are.
 */
export class ExposureLedger {
  readonly #netFlow: NetFlow;
  readonly #charges = new Map<string, { readonly agent: PublicKey; readonly amount: bigint }>();
  readonly #totals = new Map<PublicKeyHex, { readonly agent: PublicKey; amount: bigint }>();

  constructor(netFlow: NetFlow) {
    this.#netFlow = netFlow;
  }

  /** Charges an amount, minor units, to an agent under a name, such as a trade's id. Throws `ERR_TRUST_ARGUMENT`. */
  charge(name: string, agent: PublicKey, amount: bigint): void {
    if (typeof amount !== 'bigint' || amount < 0n) {
      throw new TrustError(
        'ERR_TRUST_ARGUMENT',
        'What is at risk is a bigint not below zero, in minor units',
      );
    }
    this.release(name);
    this.#charges.set(name, { agent: publicKey(agent), amount });
    const hex = publicKeyToHex(agent);
    const total = this.#totals.get(hex);
    if (total === undefined) this.#totals.set(hex, { agent, amount });
    else total.amount += amount;
  }

  /** Takes a charge back: nothing of it is at risk any more. `false` when there is none of that name. */
  release(name: string): boolean {
    const charge = this.#charges.get(name);
    if (charge === undefined) return false;
    this.#charges.delete(name);
    const hex = publicKeyToHex(charge.agent);
    const total = this.#totals.get(hex);
    if (total !== undefined) {
      total.amount -= charge.amount;
      if (total.amount === 0n) this.#totals.delete(hex);
    }
    return true;
  }

  /** What is at risk with one agent, minor units. */
  chargedTo(agent: PublicKey): bigint {
    return this.#totals.get(publicKeyToHex(agent))?.amount ?? 0n;
  }

  /** How much more may be at risk with an agent, whatever was charged flowing first. */
  headroom(agent: PublicKey): Headroom {
    let charged = 0n;
    for (const { amount } of this.#totals.values()) charged += amount;
    const { alpha } = this.#netFlow;
    const view = this.#netFlow.view();
    if (view === undefined) return { room: 0n, charged, covered: 0n };
    const flow = view.networks.passed();
    let covered = 0n;
    for (const total of this.#totals.values()) {
      const local = view.localOf(total.agent);
      if (local <= 0) continue;
      const wanted = total.amount * BigInt(alpha);
      const limit = wanted > BigInt(MAX_FLOW) ? MAX_FLOW : Number(wanted);
      covered += BigInt(flow.send(2 * local, limit));
    }
    const local = view.localOf(publicKey(agent));
    // What others had made up around them must not leave nothing to look with.
    view.work.left = Math.max(view.work.left, QUESTION_WORK / 4);
    const room = local <= 0 ? 0 : flow.send(2 * local, MAX_FLOW);
    flow.reset();
    return {
      room: BigInt(Math.floor(room / alpha)),
      charged,
      covered: covered / BigInt(alpha),
    };
  }
}

/** A ledger without charges over an evaluator's NetFlow. */
export function exposureLedger(netFlow: NetFlow): ExposureLedger {
  return new ExposureLedger(netFlow);
}
