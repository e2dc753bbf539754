import {
  type CancelTimer,
  type Crypto,
  type Environment,
  type HalfBlock,
  type KeyValueStore,
  type Network,
  type PublicKey,
  publicKeyToHex,
} from '@edmp/interface';
import type { IssuedCurrency } from '../asset/currency.ts';
import { decodeCanonical, encodeCanonical, integerOf } from '../codec/fields.ts';
import { encodeNotaryAnswer, later, type NotaryAnswer, refused } from './answers.ts';
import type { ComplaintJudge } from './complaint.ts';
import { ComplaintLine } from './complaint-line.ts';
import type { Directory } from './directory.ts';
import { FairRates } from './fair-rates.ts';
import { FairRoom } from './fair-room.ts';
import { GuestAccounts } from './guest-accounts.ts';
import { HoldBook } from './hold-book.ts';
import {
  DEFAULT_NOTARY_LIMITS,
  DELTA_MS,
  MAX_REQUEST_BYTES,
  NOTARY_PROTOCOL,
  type NotaryLimits,
} from './limits.ts';
import { NotaryLine } from './line.ts';
import { type ComplaintEvidence, decodeNotaryRequest, type NotaryRequest } from './messages.ts';
import { OwnStatements } from './own-statements.ts';
import { Rates } from './rates.ts';
import { Rounds } from './rounds.ts';
import { SealingKeys } from './sealing-keys.ts';
import { ServedCurrencies } from './served-currencies.ts';
import { SpendBook } from './spend-book.ts';
import { problemOf } from './spend-run.ts';
import { SpendService } from './spend-service.ts';
import { openStatementKeys, type StatementKeys } from './statement-keys.ts';
import { StoreGuard } from './store-guard.ts';
import { VerifyQueue } from './verify-queue.ts';
import { WitnessService } from './witness-service.ts';

/** How often a running notary notes that it runs, ms: what a lone witness missed is known to the minute. */
const BEAT_MS = 60_000;
const ALIVE = 'notary/alive';
/** Requests of one peer at once. */
const MAX_PER_PEER = 64;
/** How long a request waits when too many are worked on, ms. */
const BUSY_LATER_MS = 1_000;
/** Tokens that bytes cost which cannot be read. */
const GARBAGE_COST = 5;
/** Tokens that judging a complaint costs: up to a millisecond. */
const JUDGE_COST = 10;

/** What is said about a statement key that is not here. */
const NOT_SERVED: NotaryAnswer = refused('ERR_NOTARY_UNKNOWN', 'This node does not serve the statement key');

/** Something that the owner of a notary should know. */
export type NotaryEvent =
  /** The store is a copy or went back in time; the notary says nothing any more. */
  | { readonly type: 'halted'; readonly reason: string }
  /** An author signed two spending blocks with one number: the signed blocks. */
  | { readonly type: 'fork'; readonly blocks: readonly [Uint8Array, Uint8Array] }
  /** The store failed while nobody was waiting; it is tried again. */
  | { readonly type: 'error'; readonly error: unknown };

/** Options of {@link openNotary}. */
export interface NotaryOptions {
  /** Everything that it signs rests on this store; its keys live in it and nowhere else. Never copy or restore it. */
  readonly store: KeyValueStore;
  readonly crypto: Crypto;
  readonly environment: Environment;
  readonly network: Network;
  readonly directory: Directory;
  /** Judges proofs of misbehaviour, as the buyer's settlement does. */
  readonly judge: ComplaintJudge;
  /** Whether this node has verified the signature of a block already, so that it need not be done again. Default: no. */
  readonly isVerified?: (block: HalfBlock) => Promise<boolean>;
  /** Which currencies that name its key it serves. Default all, up to 256. */
  readonly serve?: (currency: IssuedCurrency) => boolean;
  /** Δ, ms. Default {@link DELTA_MS}; all witnesses of a hold have to agree on it. */
  readonly deltaMs?: number;
  readonly limits?: Partial<NotaryLimits>;
  readonly onEvent?: (event: NotaryEvent) => void;
}

/** A notary and witness that serves `/edmp/notary/1` until it is stopped. */
export interface Notary {
  /** Its statement keys: what currencies and trades name. */
  keys(): readonly PublicKey[];
  /** Makes another statement key. */
  addKey(): Promise<PublicKey>;
  /** Why it says nothing any more; undefined while it works. */
  halted(): string | undefined;
  /** Currencies that it has served. */
  currencies(): readonly IssuedCurrency[];
  /** Holds in its keeping: releases and their bytes, and unfounded complaints. */
  kept(): {
    readonly releases: number;
    readonly bytes: number;
    readonly testHolds: number;
    readonly complaints: number;
  };
  /** Answers one encoded request, as the protocol does. */
  answer(body: Uint8Array, from: PublicKey): Promise<Uint8Array>;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Opens a notary over its store, and serves once it knows what it has missed. */
export async function openNotary(options: NotaryOptions): Promise<Notary> {
  const service = new NotaryService(options, await openStatementKeys(options));
  await service.open();
  return service;
}

class NotaryService implements Notary {
  readonly #options: NotaryOptions;
  readonly #limits: NotaryLimits;
  readonly #keys: StatementKeys;
  readonly #guard: StoreGuard;
  readonly #holds: HoldBook;
  readonly #currencies: ServedCurrencies;
  readonly #guests: GuestAccounts;
  readonly #spend: SpendService;
  readonly #witness: WitnessService;
  readonly #rounds: Rounds;
  readonly #seals: SealingKeys;
  readonly #peers: Rates;
  /** Requests worked on, by peer. */
  readonly #running = new FairRoom();
  #stopped = false;
  #beat: CancelTimer | undefined;
  #closing: (() => void)[] = [];

  constructor(options: NotaryOptions, keys: StatementKeys) {
    const { store, crypto, environment } = options;
    const now = (): number => environment.now();
    const limits = { ...DEFAULT_NOTARY_LIMITS, ...options.limits };
    const deltaMs = options.deltaMs ?? DELTA_MS;
    const verify = new VerifyQueue(crypto);
    const strangers = new FairRates(limits.strangers, now);
    const book = new SpendBook(store, crypto);
    this.#options = options;
    this.#limits = limits;
    this.#keys = keys;
    this.#seals = new SealingKeys({ crypto, environment, statements: keys });
    this.#guard = new StoreGuard(store, (reason) => this.#tell({ type: 'halted', reason }));
    this.#holds = new HoldBook(store, deltaMs);
    this.#peers = new Rates(limits.peer, now);
    const own = new OwnStatements({ crypto, keys, guard: this.#guard, spends: book, holds: this.#holds });
    const serve = options.serve ?? (() => true);
    const self = options.network.self;
    const currencies = new ServedCurrencies({ store, crypto, verify, keys, serve, self });
    this.#currencies = currencies;
    this.#guests = new GuestAccounts(store, currencies, limits.guestAccounts);
    this.#spend = new SpendService({
      book,
      currencies,
      guests: this.#guests,
      own,
      verify,
      crypto,
      authors: new Rates(limits.author, now),
      strangers,
      onFork: (blocks) => this.#tell({ type: 'fork', blocks }),
    });
    const line = new NotaryLine(options.network, options.directory);
    this.#rounds = new Rounds({
      book: this.#holds,
      own,
      currencies,
      environment,
      line,
      complaints: new ComplaintLine(line, { crypto, environment }),
      deltaMs,
      onError: (error) => this.#tell({ type: 'error', error }),
    });
    this.#witness = new WitnessService({
      book: this.#holds,
      currencies,
      own,
      verify,
      crypto,
      environment,
      judge: options.judge,
      isVerified: options.isVerified ?? (async () => false),
      deltaMs,
      limits,
      strangers,
      onTaken: (row, what) => this.#rounds.taken(row, what),
    });
  }

  async open(): Promise<void> {
    const { store, environment, network, directory } = this.#options;
    await this.#guard.open();
    await this.#currencies.open();
    await this.#guests.open();
    await this.#holds.open();
    const now = environment.now();
    const alive = await store.get(ALIVE);
    if (alive !== undefined) await this.#witness.reopenWindows(readTime(alive), now);
    await store.set(ALIVE, encodeCanonical(now));
    await this.#rounds.open();
    this.#closing = [
      directory.addLocal(this),
      network.handle(NOTARY_PROTOCOL, ({ body, from }) => this.answer(body, from), {
        maxRequestBytes: MAX_REQUEST_BYTES,
        maxConcurrentPerPeer: MAX_PER_PEER,
      }),
    ];
    this.#arm();
  }

  keys(): readonly PublicKey[] {
    return this.#keys.keys();
  }

  addKey(): Promise<PublicKey> {
    return this.#keys.add();
  }

  halted(): string | undefined {
    return this.#guard.reason;
  }

  currencies(): readonly IssuedCurrency[] {
    return this.#currencies.values();
  }

  kept(): ReturnType<Notary['kept']> {
    const { releases, testHolds, unfounded } = this.#holds;
    return {
      releases: releases.entries.size,
      bytes: releases.bytes,
      testHolds: testHolds.size,
      complaints: unfounded.entries.size,
    };
  }

  async answer(body: Uint8Array, from: PublicKey): Promise<Uint8Array> {
    const at = this.#options.environment.now();
    const name = publicKeyToHex(from);
    const count = this.#limits.concurrent - this.#running.held.count;
    const free = { count, bytes: Number.POSITIVE_INFINITY };
    if (!this.#running.hasRoom(name, free)) return encodeNotaryAnswer(later(BUSY_LATER_MS));
    this.#running.add(name, 0);
    try {
      return encodeNotaryAnswer(await this.#answer(body, from, at));
    } finally {
      this.#running.remove(name, 0);
    }
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const close of this.#closing) close();
    this.#rounds.stop();
    this.#seals.stop();
    this.#beat?.();
    await this.#options.store.set(ALIVE, encodeCanonical(this.#options.environment.now()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #answer(body: Uint8Array, sender: PublicKey, at: number): Promise<NotaryAnswer> {
    const from = publicKeyToHex(sender);
    const debt = this.#peers.take(from);
    if (debt > 0) return later(debt);
    let request: NotaryRequest;
    try {
      request = decodeNotaryRequest(body);
    } catch (error) {
      this.#peers.charge(from, GARBAGE_COST);
      throw error;
    }
    const wait = this.#peers.take(from, costOf(request));
    if (wait > 0) return later(wait);
    this.#guard.expectSound();
    switch (request.kind) {
      case 'who':
        return { kind: 'who', keys: await this.#keys.signNode(this.#options.network.self) };
      case 'spend':
        return this.#spend.spend(request, from);
      case 'account':
        return this.#spend.account(request);
      case 'blocks':
        return this.#spend.blocks(request);
      case 'release':
        return this.#witness.release(request, at, from);
      case 'complain':
        return this.#complain(request, sender, at);
      case 'sealing': {
        const offer = await this.#seals.offer(request.key);
        return offer === undefined ? NOT_SERVED : { kind: 'sealing', ...offer };
      }
      case 'outcome':
        return this.#witness.outcome(request, at, from);
      case 'released':
        return this.#witness.released(request);
      case 'complaint':
        return this.#witness.keptComplaint(request, from);
      default:
        return this.#witness.tell(request);
    }
  }

  /** What is sealed is opened first; what does not open is refused. */
  async #complain(
    request: Extract<NotaryRequest, { kind: 'complain' }>,
    sender: PublicKey,
    at: number,
  ): Promise<NotaryAnswer> {
    let complaint: ComplaintEvidence;
    try {
      complaint = this.#seals.open(request, sender);
    } catch (error) {
      const { code, message } = problemOf(error);
      return refused(code, message);
    }
    const { key, evidence, refunds } = request;
    return this.#witness.complain({ key, evidence, refunds, complaint }, at, publicKeyToHex(sender));
  }

  #arm(): void {
    this.#beat = this.#options.environment.schedule(BEAT_MS, () => void this.#onBeat());
  }

  /** Notes the time, and drops releases whose time is over. A store that fails now is asked again in a minute. */
  async #onBeat(): Promise<void> {
    const { store, environment } = this.#options;
    const now = environment.now();
    try {
      await store.set(ALIVE, encodeCanonical(now));
      for (const { hold, dropAt } of [...this.#holds.releases.entries.values()]) {
        if (dropAt <= now) await this.#holds.dropRelease(hold);
      }
      for (const { hold, dropAt } of [...this.#holds.unfounded.entries.values()]) {
        if (dropAt <= now) await this.#holds.dropUnfounded(hold);
      }
      await this.#witness.forgetTestHolds(now);
    } catch (error) {
      // Nothing rests on it: an older time only lets more windows run once more.
      if (!this.#stopped) this.#tell({ type: 'error', error });
    } finally {
      if (!this.#stopped) this.#arm();
    }
  }

  #tell(event: NotaryEvent): void {
    try {
      this.#options.onEvent?.(event);
    } catch {
      // What a listener throws must not change what is signed.
    }
  }
}

function readTime(bytes: Uint8Array): number {
  return integerOf(decodeCanonical(bytes, 16, ALIVE), 0, Number.MAX_SAFE_INTEGER, ALIVE);
}

/** About how many signatures a request makes the notary verify or make, besides the first. */
function costOf(request: NotaryRequest): number {
  switch (request.kind) {
    case 'spend':
      return request.blocks.length + 3 * request.certificates.length;
    case 'release':
      return 4 + request.acks.length;
    case 'complain':
      return JUDGE_COST + request.refunds.length;
    case 'outcome':
      return request.holds.reduce(
        (sum, { evidence, acks, receipt }) =>
          sum + 1 + (evidence === null ? 0 : 3) + (acks === null ? 0 : 3) + (receipt === null ? 0 : 1),
        0,
      );
    case 'tell':
      return request.holds.reduce((sum, { acks, refunds }) => sum + acks.length + refunds.length, 0);
    default:
      return 2;
  }
}
