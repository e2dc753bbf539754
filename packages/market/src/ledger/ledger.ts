import type {
  AssetId,
  Crypto,
  HalfBlock,
  PublicKey,
  PublicKeyHex,
  WalletBalance,
  WalletTransaction,
} from '@edmp/interface';
import { isEdmpError, publicKeyToHex } from '@edmp/interface';
import { minHeap } from '@edmp/interface/bounded';
import { type Currency, currencyTable } from '../asset/currency.ts';
import { hex } from '../codec/fields.ts';
import type { LicenceHolding, TradeId } from '../market.ts';
import { ASK_TYPE, decodeOrder } from '../order/signed-order.ts';
import { licencesOf, movementsOf, type PlainMovement } from './history.ts';
import { type Posting, postingBook } from './postings.ts';
import { decodeIssueTx, decodeTransferTx, ISSUE_TYPE, TRANSFER_TYPE } from './token-blocks.ts';
import { blocksThatCount, type TradeEntry, tradeBlock, tradeEntry } from './trade-entry.ts';
import { type Judge, type TradeBlocks, type TradeOutcome, tradeOutcome } from './trade-outcome.ts';

/** Options of {@link foldLedger} and {@link emptyLedger}. */
export interface LedgerOptions {
  readonly crypto: Pick<Crypto, 'sha256'>;
  /** Pure judge of complaints, e.g. `settlement.judge`. */
  readonly judge: Judge;
  /** Moment of the evaluation, ms since the epoch. */
  readonly now: number;
  /** Currencies besides `DUM1` and `DUM2`; each names the one key that may issue it. */
  readonly currencies?: readonly Currency[];
  /** Proven forkers with the first position at which two of their blocks differ. */
  readonly forks?: Iterable<readonly [PublicKey, number]>;
  /** Proofs that complaints name without carrying them. */
  readonly evidence?: Iterable<Uint8Array>;
}

/** One trade as the ledger sees it. */
export interface LedgerTrade {
  readonly id: TradeId;
  readonly outcome: TradeOutcome;
  readonly blocks: TradeBlocks;
}

/**
 * Balances, holds and licences as a pure fold over half blocks (DESIGN §4.3): the same set of blocks, proofs and
 * forks at the same moment gives the same ledger, in whatever order they were applied.
 *
 * It expects blocks that TrustChain has validated (signatures, types); blocks that it cannot read change nothing.
 */
export interface Ledger {
  readonly currencies: ReadonlyMap<AssetId, Currency>;
  /** Adds a block. `false` when it is known, unreadable or none of the ledger's business. */
  apply(block: HalfBlock): boolean;
  /** Adds a proof that a complaint names by its SHA-256. */
  addEvidence(proof: Uint8Array): void;
  /** Proof by its SHA-256. */
  evidence(digest: Uint8Array): Uint8Array | undefined;
  /** Freezes an author from position `seq` on. */
  freeze(author: PublicKey, seq: number): void;
  isFrozen(author: PublicKey): boolean;
  /** Moves the clock forward; silence may make held money final. */
  advance(now: number): void;
  /** Balance of an account. A frozen account has nothing available. Throws nothing: unknown currencies are empty. */
  balance(account: PublicKey, currency: AssetId): WalletBalance;
  trade(id: TradeId): LedgerTrade | undefined;
  /** Trades that `account` is a party of, in order of first block applied. */
  tradesOf(account: PublicKey): readonly LedgerTrade[];
  /** Trades in one asset, in order of first block applied. */
  tradesIn(asset: AssetId): readonly LedgerTrade[];
  /** Agreed trades in which `account` still owes the next step. */
  obligations(account: PublicKey): number;
  /** Minor units of unfinished trades between two accounts. */
  exposure(a: PublicKey, b: PublicKey, currency: AssetId): bigint;
  /** Movements of an account in one currency, or in licences (`EW`), oldest first, genesis grant included. */
  movements(account: PublicKey, asset: AssetId): readonly WalletTransaction[];
  /** Licences of one asset that were bought, oldest first. */
  licences(asset: AssetId): readonly LicenceHolding[];
  /** Accounts that money has moved to or from. */
  accounts(): readonly PublicKeyHex[];
  /** Minor units minted by accepted issue blocks. */
  issued(currency: AssetId): bigint;
}

interface TradeRecord {
  readonly id: TradeId;
  readonly entry: TradeEntry;
  blocks: TradeBlocks | undefined;
  outcome: TradeOutcome;
  scheduled: boolean;
}

/** A ledger without blocks. Throws `ERR_MARKET_FORMAT` on bad currencies. */
export function emptyLedger(options: LedgerOptions): Ledger {
  const { crypto, judge } = options;
  const currencies = currencyTable(options.currencies);
  let now = options.now;
  const records = new Map<TradeId, TradeRecord>();
  const byAccount = new Map<PublicKeyHex, Set<TradeRecord>>();
  const openByAccount = new Map<PublicKeyHex, Set<TradeRecord>>();
  const byAsset = new Map<AssetId, Set<TradeRecord>>();
  const asks = new Map<string, HalfBlock>();
  const recordsByAsk = new Map<string, Set<TradeRecord>>();
  const proofs = new Map<string, Uint8Array>();
  const forks = new Map<PublicKeyHex, number>();
  const plain = new Map<string, PlainMovement>();
  const postings = postingBook();
  const issued = new Map<AssetId, bigint>();
  const due = minHeap<TradeRecord>();

  const setOf = <K, V>(map: Map<K, Set<V>>, key: K): Set<V> => {
    let set = map.get(key);
    if (set === undefined) {
      set = new Set();
      map.set(key, set);
    }
    return set;
  };
  const documentOf = (ask: string) => {
    const block = asks.get(ask);
    return block === undefined ? undefined : decodeOrder(block, crypto).document;
  };

  const moneyOf = (outcome: TradeOutcome, blocks: TradeBlocks): readonly Posting[] => {
    const { seller, buyer, amount, price } = blocks.trade.encoded.terms;
    const currency = price.currency;
    const payer = publicKeyToHex(buyer);
    const payee = publicKeyToHex(seller);
    if (!currencies.has(currency)) return [];
    switch (outcome) {
      case 'held':
      case 'disputed':
        return [
          { account: payer, currency, part: 'available', amount: -amount },
          { account: payer, currency, part: 'held', amount },
          { account: payee, currency, part: 'pending', amount },
        ];
      case 'final':
        return [
          { account: payer, currency, part: 'available', amount: -amount },
          { account: payee, currency, part: 'available', amount },
        ];
      default:
        return [];
    }
  };

  const recompute = (record: TradeRecord): void => {
    const blocks = blocksThatCount(record.entry, documentOf);
    record.blocks = blocks;
    if (blocks === undefined) return;
    const { terms } = blocks.trade.encoded;
    const parties = [publicKeyToHex(terms.seller), publicKeyToHex(terms.buyer)];
    record.outcome = tradeOutcome(blocks, {
      now,
      judge,
      evidence: (digest) => proofs.get(hex(digest)),
      forkedAt: (author) => forks.get(author),
    });
    postings.set(record.id, moneyOf(record.outcome, blocks));
    const open = record.outcome === 'held' || record.outcome === 'disputed';
    for (const party of parties) {
      setOf(byAccount, party).add(record);
      if (open) setOf(openByAccount, party).add(record);
      else openByAccount.get(party)?.delete(record);
    }
    setOf(recordsByAsk, terms.ask.toString()).add(record);
    setOf(byAsset, terms.asset).add(record);
    if (open && !record.scheduled) {
      record.scheduled = true;
      due.push(terms.deadlines.complain + 1, record);
    }
  };

  const recordOf = (trade: Uint8Array): TradeRecord => {
    const id = hex(trade);
    let record = records.get(id);
    if (record === undefined) {
      record = { id, entry: tradeEntry(), blocks: undefined, outcome: 'open', scheduled: false };
      records.set(id, record);
    }
    return record;
  };

  const postPlain = (movement: PlainMovement): void => {
    const fork = forks.get(movement.author);
    const counts = fork === undefined || movement.seq < fork;
    const { currency, amount, from, to } = movement;
    const credit: Posting = { account: to, currency, part: 'available', amount };
    const entries: readonly Posting[] =
      from === null ? [credit] : [credit, { account: from, currency, part: 'available', amount: -amount }];
    postings.set(movement.id, counts ? entries : []);
    if (from === null && movement.counted !== counts) {
      issued.set(currency, (issued.get(currency) ?? 0n) + (counts ? amount : -amount));
    }
    movement.counted = counts;
  };

  const plainOf = (block: HalfBlock): PlainMovement | undefined => {
    const { core } = block;
    const author = publicKeyToHex(core.key);
    const common = { id: block.id.toString(), author, seq: core.seq, time: core.time, counted: false };
    if (core.type === ISSUE_TYPE) {
      const issue = decodeIssueTx(core.tx);
      const issuer = currencies.get(issue.currency)?.issuer ?? null;
      if (issuer === null || publicKeyToHex(issuer) !== author || core.link !== null) return undefined;
      return {
        ...common,
        currency: issue.currency,
        amount: issue.amount,
        from: null,
        to: publicKeyToHex(issue.to),
      };
    }
    const transfer = decodeTransferTx(core.tx);
    if (core.peer === null || core.link !== null || !currencies.has(transfer.currency)) return undefined;
    const to = publicKeyToHex(core.peer);
    if (to === author) return undefined;
    return { ...common, currency: transfer.currency, amount: transfer.amount, from: author, to };
  };

  const applyReadable = (block: HalfBlock): boolean => {
    const { type } = block.core;
    if (type === ASK_TYPE) {
      const key = block.id.toString();
      if (asks.has(key)) return false;
      decodeOrder(block, crypto);
      asks.set(key, block);
      for (const record of recordsByAsk.get(key) ?? []) recompute(record);
      return true;
    }
    if (type === ISSUE_TYPE || type === TRANSFER_TYPE) {
      const movement = plainOf(block);
      if (movement === undefined || plain.has(movement.id)) return false;
      plain.set(movement.id, movement);
      postPlain(movement);
      return true;
    }
    const found = tradeBlock(block, crypto);
    if (found === undefined) return false;
    const record = recordOf(found.trade);
    if (!found.addTo(record.entry)) return false;
    recompute(record);
    return true;
  };

  const view = (record: TradeRecord): LedgerTrade | undefined =>
    record.blocks === undefined
      ? undefined
      : { id: record.id, outcome: record.outcome, blocks: record.blocks };
  const viewsOf = (set: Iterable<TradeRecord> | undefined): readonly LedgerTrade[] => {
    const out: LedgerTrade[] = [];
    for (const record of set ?? []) {
      const seen = view(record);
      if (seen !== undefined) out.push(seen);
    }
    return out;
  };
  const isFrozen = (author: PublicKey): boolean => forks.has(publicKeyToHex(author));

  const ledger: Ledger = {
    currencies,
    apply(block) {
      try {
        return applyReadable(block);
      } catch (error) {
        if (isEdmpError(error)) return false;
        throw error;
      }
    },
    addEvidence(proof) {
      const digest = hex(crypto.sha256(proof));
      if (proofs.has(digest)) return;
      proofs.set(digest, proof);
      for (const record of records.values()) {
        if (record.outcome === 'disputed') recompute(record);
      }
    },
    evidence: (digest) => proofs.get(hex(digest)),
    freeze(author, seq) {
      const name = publicKeyToHex(author);
      forks.set(name, Math.min(seq, forks.get(name) ?? Number.POSITIVE_INFINITY));
      for (const record of byAccount.get(name) ?? []) recompute(record);
      for (const movement of plain.values()) if (movement.author === name) postPlain(movement);
    },
    isFrozen,
    advance(moment) {
      now = Math.max(now, moment);
      while (due.peekRank() <= now) {
        const record = due.pop();
        if (record === undefined) break;
        // Still held after the window: only another block can end it, and that recomputes anyway.
        recompute(record);
      }
    },
    balance(account, currency) {
      const name = publicKeyToHex(account);
      const sums = postings.sums(name, currency);
      const available = (currencies.get(currency)?.genesis ?? 0n) + sums.available;
      return isFrozen(account)
        ? { available: 0n, held: sums.held + available, pending: sums.pending }
        : { available, held: sums.held, pending: sums.pending };
    },
    trade(id) {
      const record = records.get(id);
      return record === undefined ? undefined : view(record);
    },
    tradesOf: (account) => viewsOf(byAccount.get(publicKeyToHex(account))),
    tradesIn: (asset) => viewsOf(byAsset.get(asset)),
    obligations(account) {
      const name = publicKeyToHex(account);
      let count = 0;
      for (const { outcome, blocks } of viewsOf(openByAccount.get(name))) {
        const sells = publicKeyToHex(blocks.trade.encoded.terms.seller) === name;
        const released = blocks.release !== undefined;
        if (sells ? !released || outcome === 'disputed' : released && outcome === 'held') count++;
      }
      return count;
    },
    exposure(a, b, currency) {
      let sum = 0n;
      const other = publicKeyToHex(b);
      for (const { blocks } of viewsOf(openByAccount.get(publicKeyToHex(a)))) {
        const { seller, buyer, price, amount } = blocks.trade.encoded.terms;
        const involved = publicKeyToHex(seller) === other || publicKeyToHex(buyer) === other;
        if (involved && price.currency === currency) sum += amount;
      }
      return sum;
    },
    movements: (account, asset) =>
      movementsOf(account, asset, currencies.get(asset), ledger.tradesOf(account), plain.values()),
    licences: (asset) => licencesOf(asset, viewsOf(byAsset.get(asset))),
    accounts: () => postings.accounts(),
    issued: (currency) => issued.get(currency) ?? 0n,
  };
  for (const [author, seq] of options.forks ?? []) ledger.freeze(author, seq);
  for (const proof of options.evidence ?? []) ledger.addEvidence(proof);
  return ledger;
}

/** The ledger of `blocks` at `options.now`. */
export function foldLedger(blocks: Iterable<HalfBlock>, options: LedgerOptions): Ledger {
  const ledger = emptyLedger(options);
  for (const block of blocks) ledger.apply(block);
  ledger.advance(options.now);
  return ledger;
}
