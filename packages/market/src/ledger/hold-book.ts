import { type HalfBlock, type PublicKey, type PublicKeyHex, publicKeyToHex } from '@edmp/interface';
import type { Spending } from '../blocks/spending.ts';
import { checkHold, type TradeProposal } from '../blocks/trade.ts';
import { issuesOf } from '../codec/issues.ts';
import type { Changes } from './changes.ts';
import { HoldRecord } from './hold.ts';
import type { LedgerLimits } from './limits.ts';
import { OpenProposals } from './open-proposals.ts';
import { Waiting } from './waiting.ts';

function listIn<K, V>(map: Map<K, V[]>, key: K): V[] {
  let list = map.get(key);
  if (list === undefined) {
    list = [];
    map.set(key, list);
  }
  return list;
}

function withoutIn<K, V>(map: Map<K, V[]>, key: K, item: V): void {
  const list = map.get(key);
  const at = list?.indexOf(item) ?? -1;
  if (list === undefined || at < 0) return;
  if (list.length === 1) map.delete(key);
  else list.splice(at, 1);
}

/** Every hold that was seen, with its proposal and what waits for holds that were not. */
export class HoldBook {
  readonly #holds = new Map<string, HoldRecord>();
  readonly #byProposal = new Map<string, HoldRecord[]>();
  readonly #byAccount = new Map<PublicKeyHex, HoldRecord[]>();
  readonly #byAsset = new Map<string, HoldRecord[]>();
  readonly #proposals: OpenProposals;
  /** Receipts by the hold that they name, when it is not known. */
  readonly receipts: Waiting<HalfBlock>;

  constructor(limits: LedgerLimits, self: PublicKey | undefined) {
    this.#proposals = new OpenProposals(limits.proposals, self);
    this.receipts = new Waiting(limits.waitingEvidence, 4);
  }

  get(key: string): HoldRecord | undefined {
    return this.#holds.get(key);
  }

  /** The hold that agrees to a proposal: one that fits it, else one that counts, else the lowest id. */
  of(proposal: string): HoldRecord | undefined {
    let best: HoldRecord | undefined;
    for (const hold of this.#byProposal.get(proposal) ?? []) {
      if (
        best === undefined ||
        rank(hold) > rank(best) ||
        (rank(hold) === rank(best) && hold.key < best.key)
      ) {
        best = hold;
      }
    }
    return best;
  }

  ofAccount(account: PublicKey): readonly HoldRecord[] {
    return this.#byAccount.get(publicKeyToHex(account)) ?? [];
  }

  inAsset(asset: string): readonly HoldRecord[] {
    return this.#byAsset.get(asset) ?? [];
  }

  /** Record of a hold, made when it is seen first; undefined for other spending blocks. */
  see(spending: Spending, witnesses: readonly PublicKey[], changes: Changes): HoldRecord | undefined {
    const { hold: part, money } = spending;
    if (part === null || money.to === null) return undefined;
    const known = this.#holds.get(spending.key);
    if (known !== undefined) return known;
    const hold = new HoldRecord(spending, money.to, part, witnesses);
    this.#holds.set(hold.key, hold);
    listIn(this.#byAccount, hold.buyerHex).push(hold);
    listIn(this.#byAccount, hold.sellerHex).push(hold);
    const proposal = hold.proposal.toString();
    const agreed = listIn(this.#byProposal, proposal);
    agreed.push(hold);
    const offered =
      agreed.find(({ proposed }) => proposed !== undefined)?.proposed ?? this.#proposals.take(proposal);
    // It waits on when this is not the buyer that it is for.
    if (offered !== undefined && !this.#fit(hold, offered)) this.#proposals.keep(offered);
    changes.push({ type: 'hold', hold });
    return hold;
  }

  #fit(hold: HoldRecord, proposal: TradeProposal): boolean {
    if (hold.terms !== undefined || issuesOf(() => checkHold(hold.spending, proposal)).length > 0)
      return false;
    hold.proposed = proposal;
    listIn(this.#byAsset, proposal.encoded.terms.asset).push(hold);
    return true;
  }

  /** Takes in a seller's proposal. */
  propose(proposal: TradeProposal, changes: Changes): void {
    const key = proposal.block.id.toString();
    let fitted = false;
    for (const hold of this.#byProposal.get(key) ?? []) {
      if (!this.#fit(hold, proposal)) continue;
      fitted = true;
      changes.push({ type: 'hold', hold });
    }
    if (!fitted) this.#proposals.keep(proposal);
  }

  /** Lets a hold go: one that does not count, or of a currency that is let go. */
  forget(key: string): HoldRecord | undefined {
    const hold = this.#holds.get(key);
    if (hold === undefined) return undefined;
    this.#holds.delete(key);
    withoutIn(this.#byAccount, hold.buyerHex, hold);
    withoutIn(this.#byAccount, hold.sellerHex, hold);
    withoutIn(this.#byProposal, hold.proposal.toString(), hold);
    if (hold.proposed !== undefined) {
      withoutIn(this.#byAsset, hold.proposed.encoded.terms.asset, hold);
      this.#proposals.keep(hold.proposed);
    }
    return hold;
  }
}

function rank(hold: HoldRecord): number {
  return (hold.terms === undefined ? 0 : 2) + (hold.counts ? 1 : 0);
}
