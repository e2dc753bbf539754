import { publicKeyToHex } from '../../packages/interface/src/index.ts';
import { type Spending, spendingOf } from '../../packages/market/src/codec.ts';
import { decodeNotaryAnswer, type NotaryAnswer } from '../../packages/market/src/notary/answers.ts';
import { decodeNotaryRequest, type NotaryRequest } from '../../packages/market/src/notary/messages.ts';
import { faultsOf, type NotaryCount } from '../../packages/market/src/notary.ts';
import { decodeHalfBlock } from '../../packages/trustchain/src/block.ts';
import type { SimNode } from '../lib/node.ts';
import type { World } from '../lib/world.ts';
import type { Universe } from './universe.ts';

const CERTIFICATES = 'evidence/certificate';

/** A release that a witness handed out, and who had acknowledged it by then. */
interface HandedOut {
  readonly node: SimNode;
  readonly hold: string;
  readonly release: string;
  readonly signers: number;
}

/** Where a notary said that an account stands, and what it had bound itself to when it was asked. */
interface Told {
  readonly node: SimNode;
  readonly account: string;
  readonly currency: string;
  /** Number of the newest block that it told of; 0 = none. */
  readonly n: number;
  readonly bound: number;
}

/**
 * Holds everybody to what it said or wrote down: a notary tells of every number that it bound itself to, a witness hands
 * out a release only after a quorum acknowledged it, and whoever starts knows the certificates on its disk. None of
 * these need have done harm in a history to be found.
 */
export class KeptWords {
  readonly #world: World;
  readonly #universe: Universe;
  readonly #handedOut: HandedOut[] = [];
  readonly #told: Told[] = [];
  /** Ids of the spending blocks that a notary is bound to, in the order in which its disk had them. */
  readonly #bound = new Map<SimNode, string[]>();

  constructor(world: World, universe: Universe) {
    this.#world = world;
    this.#universe = universe;
    universe.onBound((node, { kind, subject }) => {
      if (kind === 'spend') this.#boundOf(node).push(subject.toString());
    });
    world.watch({
      onStart: (node) => this.#onStart(node),
      onAsked: (node, body) => {
        const bound = this.#boundOf(node).length;
        return (answer) => this.#onAnswer(node, body, answer, bound);
      },
    });
  }

  /** Judges what was said, once every block is known. */
  check(): void {
    const { findings } = this.#world;
    for (const { node, hold, release, signers } of this.#handedOut) {
      const spending = this.#universe.spendings.get(hold);
      const keys = spending === undefined ? undefined : this.#universe.witnessesOf(spending);
      if (node.byzantine !== null || keys === undefined || keys.length === 0) continue;
      if (signers > 2 * faultsOf(keys.length as NotaryCount)) continue;
      findings.add('violations', 'released-early', `${node.name} ${hold} ${release} after ${signers} acks`);
    }
    for (const told of this.#told) {
      const newest = this.#newestBound(told);
      if (told.node.byzantine !== null || told.n >= newest) continue;
      findings.add('violations', 'statement-forgotten', `${told.node.name} told of ${told.n}, not ${newest}`);
    }
  }

  #boundOf(node: SimNode): string[] {
    let bound = this.#bound.get(node);
    if (bound === undefined) {
      bound = [];
      this.#bound.set(node, bound);
    }
    return bound;
  }

  #newestBound({ node, account, currency, bound }: Told): number {
    let newest = 0;
    for (const id of this.#boundOf(node).slice(0, bound)) {
      const spending = this.#universe.spendings.get(id);
      if (spending?.authorHex !== account || spending.money.currency !== currency) continue;
      newest = Math.max(newest, spending.money.n);
    }
    return newest;
  }

  #onAnswer(node: SimNode, body: Uint8Array, bytes: Uint8Array, bound: number): void {
    const said = readExchange(body, bytes);
    if (said === undefined) return;
    const { request, answer } = said;
    if (request.kind === 'account' && answer.kind === 'account') {
      const tip = answer.tip === null ? undefined : this.#spendingIn(answer.tip.block);
      const account = publicKeyToHex(request.account);
      this.#told.push({
        node,
        account,
        currency: request.currency.toString(),
        n: tip?.money.n ?? 0,
        bound,
      });
    } else if (request.kind === 'released' && answer.kind === 'released' && answer.release !== null) {
      const { id } = decodeHalfBlock(answer.release.block, this.#world.crypto);
      const hold = request.hold.toString();
      const signers = this.#universe.acknowledgers(hold, id.toString()).length;
      this.#handedOut.push({ node, hold, release: id.toString(), signers });
    }
  }

  #spendingIn(bytes: Uint8Array): Spending | undefined {
    return spendingOf(decodeHalfBlock(bytes, this.#world.crypto));
  }

  /** What stands on the disk is known before anybody was asked. */
  #onStart(node: SimNode): void {
    const market = node.running?.market;
    if (market === undefined || node.byzantine !== null) return;
    for (const { id } of market.trades()) {
      const { hold, spend, acks } = market.tradeEvidence(id);
      if (hold === null) continue;
      for (const [matter, known] of Object.entries({ spend, ack: acks })) {
        if (known !== null || !node.disk.has(`${CERTIFICATES}/${matter}/${hold}`)) continue;
        const text = `${node.name} ${matter} of ${hold}`;
        this.#world.findings.add('violations', 'certificate-forgotten', text);
      }
    }
  }
}

function readExchange(
  body: Uint8Array,
  bytes: Uint8Array,
): { readonly request: NotaryRequest; readonly answer: NotaryAnswer } | undefined {
  try {
    return { request: decodeNotaryRequest(body), answer: decodeNotaryAnswer(bytes) };
  } catch {
    return undefined; // Whoever sent it lies, and its peer sees that itself.
  }
}
