import {
  type BlockId,
  type CancelTimer,
  type Environment,
  isEdmpError,
  type PublicKey,
} from '@edmp/interface';
import type { NotaryAnswer } from './answers.ts';
import type { Share } from './certificate.ts';
import type { ComplaintLine } from './complaint-line.ts';
import type { HoldBook } from './hold-book.ts';
import type { HoldRow } from './hold-row.ts';
import { noneAfter, paidAfter } from './hold-rules.ts';
import { MAX_HOLDS } from './limits.ts';
import type { AskOptions, NotaryLine } from './line.ts';
import type { ToldHold } from './messages.ts';
import type { OwnStatements } from './own-statements.ts';
import type { ServedCurrencies } from './served-currencies.ts';
import type { Taken } from './witness-service.ts';

/** Deadlines within this part of Δ are told about together. */
const BATCH_PART = 60;
/** A witness that did not answer is told again after this part of Δ, then after twice as long each time … */
const FIRST_RETRY_PART = 12;
/** … up to this part of Δ around the deadline, when it counts, … */
const LAST_RETRY_PART = 4;
/** … and up to this many Δ long before it. */
const EARLY_RETRY_DELTAS = 10;
/** Releases and complaints handed over at once. */
const HANDED_AT_ONCE = 8;
/** Holds with something to tell: as many as releases are kept for some time around their deadlines. */
const MAX_TASKS = 200_000;

/** Something that the other witnesses of a hold have to hear of. */
interface Task {
  readonly hold: BlockId;
  readonly what: Taken;
  /** When it is told next, ms. */
  at: number;
  /** How long until it is told again, ms. */
  pause: number;
  /** The deadline after which every Δ counts, ms. */
  readonly deadline: number;
  /** When telling is of no use any more, ms. */
  readonly until: number;
  /** Places of the witnesses that have not heard of it. */
  readonly left: Set<number>;
}

/** Options of {@link Rounds}. */
export interface RoundsOptions {
  readonly book: HoldBook;
  readonly own: OwnStatements;
  readonly currencies: ServedCurrencies;
  readonly environment: Environment;
  readonly line: NotaryLine;
  readonly complaints: ComplaintLine;
  readonly deltaMs: number;
  /** Told when the store fails: the round is run again. */
  readonly onError: (error: unknown) => void;
}

/**
 * The rounds between four or seven witnesses: at the release deadline they tell each other, in batches, which releases
 * they acknowledged, and of a founded complaint at once; what is taken after its deadline is told at once, bearing one
 * signature more (DESIGN §4.4.4).
 */
export class Rounds {
  readonly #book: HoldBook;
  readonly #own: OwnStatements;
  readonly #currencies: ServedCurrencies;
  readonly #environment: Environment;
  readonly #line: NotaryLine;
  readonly #complaints: ComplaintLine;
  readonly #deltaMs: number;
  readonly #onError: (error: unknown) => void;
  readonly #tasks = new Map<string, Task>();
  readonly #stopped = new AbortController();
  #timer: { readonly at: number; readonly cancel: CancelTimer } | undefined;
  #running = false;

  constructor(options: RoundsOptions) {
    this.#book = options.book;
    this.#own = options.own;
    this.#currencies = options.currencies;
    this.#environment = options.environment;
    this.#line = options.line;
    this.#complaints = options.complaints;
    this.#deltaMs = options.deltaMs;
    this.#onError = options.onError;
  }

  /** Goes on with what was to be told when the store was closed. */
  async open(): Promise<void> {
    const now = this.#environment.now();
    for (const { hold, dropAt } of this.#book.releases.entries.values()) {
      if (dropAt <= now) continue;
      const row = await this.#book.row(hold);
      if (row !== undefined && now <= noneAfter(row, this.#deltaMs)) this.taken(row, 'release');
    }
    for (const { hold } of [...this.#book.complaints.entries.values()]) {
      const row = await this.#book.row(hold);
      if (row === undefined || now > paidAfter(row, this.#deltaMs)) await this.#book.dropComplaint(hold);
      else this.taken(row, 'complaint');
    }
  }

  /** Notes that a release or complaint was taken. A lone witness has nobody to tell. */
  taken(row: HoldRow, what: Taken): void {
    if (row.witnesses.length === 1 || this.#stopped.signal.aborted) return;
    const name = `${what}/${row.hold}`;
    if (this.#tasks.has(name) || this.#tasks.size >= MAX_TASKS) return;
    const left = new Set<number>();
    row.witnesses.forEach((_, index) => {
      if (!this.#own.isOwn(row.witnesses, index)) left.add(index);
    });
    const now = this.#environment.now();
    const quantum = Math.max(1, Math.floor(this.#deltaMs / BATCH_PART));
    const isRelease = what === 'release';
    this.#tasks.set(name, {
      hold: row.hold,
      what,
      at: isRelease ? Math.max(now, Math.ceil(row.release / quantum) * quantum) : now,
      pause: this.#firstPause(),
      deadline: isRelease ? row.release : row.until,
      until: isRelease ? noneAfter(row, this.#deltaMs) : paidAfter(row, this.#deltaMs),
      left,
    });
    this.#arm();
  }

  stop(): void {
    this.#stopped.abort();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#tasks.clear();
  }

  #arm(): void {
    if (this.#running || this.#stopped.signal.aborted) return;
    let at = Number.POSITIVE_INFINITY;
    for (const task of this.#tasks.values()) at = Math.min(at, task.at);
    if (at === Number.POSITIVE_INFINITY || (this.#timer !== undefined && this.#timer.at <= at)) return;
    this.#timer?.cancel();
    const delay = Math.max(0, at - this.#environment.now());
    this.#timer = { at, cancel: this.#environment.schedule(delay, () => void this.#run()) };
  }

  async #run(): Promise<void> {
    this.#timer = undefined;
    this.#running = true;
    const now = this.#environment.now();
    const due = [...this.#tasks.entries()].filter(([, task]) => task.at <= now);
    try {
      const byWitness = await this.#group(due.map(([, task]) => task));
      await Promise.all([...byWitness.values()].map(({ key, told }) => this.#tellAll(key, told)));
      for (const [name, task] of due) await this.#settle(name, task);
    } catch (error) {
      for (const [, task] of due) this.#putOff(task);
      if (!this.#stopped.signal.aborted) this.#onError(error);
    } finally {
      this.#running = false;
      this.#arm();
    }
  }

  #firstPause(): number {
    return Math.max(1, Math.floor(this.#deltaMs / FIRST_RETRY_PART));
  }

  /** Sets when a task is told again: rarely long before its deadline, at the deadline, and often from then on. */
  #putOff(task: Task): void {
    const now = this.#environment.now();
    const isEarly = now < task.deadline;
    task.at = isEarly ? Math.min(now + task.pause, task.deadline) : now + task.pause;
    const longest = this.#deltaMs * (isEarly ? EARLY_RETRY_DELTAS : 1 / LAST_RETRY_PART);
    task.pause =
      isEarly && task.at === task.deadline
        ? this.#firstPause()
        : Math.max(1, Math.floor(Math.min(2 * task.pause, longest)));
  }

  async #settle(name: string, task: Task): Promise<void> {
    if (task.left.size > 0) {
      this.#putOff(task);
      if (task.at <= task.until) return;
    }
    this.#tasks.delete(name);
    if (task.what === 'complaint') await this.#book.dropComplaint(task.hold);
  }

  async #group(
    tasks: readonly Task[],
  ): Promise<ReadonlyMap<string, { readonly key: PublicKey; readonly told: Telling[] }>> {
    const groups = new Map<string, { readonly key: PublicKey; readonly told: Telling[] }>();
    for (const task of tasks) {
      const row = await this.#book.row(task.hold);
      const told = row === undefined ? undefined : await this.#toldOf(row);
      if (row === undefined || told === undefined) {
        task.left.clear();
        continue;
      }
      for (const index of task.left) {
        const key = row.witnesses[index];
        if (key === undefined) continue;
        const name = key.join();
        const group = groups.get(name) ?? { key, told: [] };
        groups.set(name, group);
        group.told.push({ task, index, row, told });
      }
    }
    return groups;
  }

  /** What this witness says about a hold, with what it knows of the others; undefined = nothing that they need. */
  async #toldOf(row: HoldRow): Promise<ToldHold | undefined> {
    const own = row.witnesses.findIndex((_, index) => this.#own.isOwn(row.witnesses, index));
    const key = row.witnesses[own];
    if (key === undefined || row.outcome === 'paid') return undefined;
    const about = { currency: row.currency, subject: row.hold };
    const join = (shares: readonly Share[], signature: Uint8Array): readonly Share[] =>
      [...shares, { index: own, signature }].sort((a, b) => a.index - b.index);
    const release = row.first?.kind === 'ack' ? row.first.release : null;
    const acks =
      release === null
        ? []
        : join(row.acks?.shares ?? [], await this.#own.sign(key, { ...about, kind: 'ack', extra: release }));
    const refunds =
      row.outcome === null
        ? []
        : join(row.refunds, await this.#own.sign(key, { ...about, kind: 'refund', extra: null }));
    return { hold: row.hold, release, acks, refunds };
  }

  async #tellAll(key: PublicKey, tellings: readonly Telling[]): Promise<void> {
    for (let at = 0; at < tellings.length; at += MAX_HOLDS) {
      const batch = tellings.slice(at, at + MAX_HOLDS);
      const answer = await this.#ask(key, { kind: 'tell', key, holds: batch.map(({ told }) => told) });
      if (answer?.kind !== 'need') return;
      const needed = new Set(answer.ids.map(String));
      const wanted = batch.filter(({ row }) => needed.has(row.hold.toString()));
      for (const { task, index, row } of batch) {
        if (!needed.has(row.hold.toString())) task.left.delete(index);
      }
      for (let i = 0; i < wanted.length; i += HANDED_AT_ONCE) {
        await Promise.all(wanted.slice(i, i + HANDED_AT_ONCE).map((telling) => this.#handOver(key, telling)));
      }
    }
  }

  async #handOver(key: PublicKey, { task, index, row, told }: Telling): Promise<void> {
    const currency =
      row.currency === null ? null : (this.#currencies.get(row.currency.toString())?.block.bytes ?? null);
    let answer: NotaryAnswer | undefined;
    if (task.what === 'release') {
      const kept = await this.#book.release(row.hold);
      if (kept === undefined) return;
      answer = await this.#ask(key, {
        kind: 'release',
        key,
        evidence: { currency, hold: kept.hold, certificate: kept.certificate },
        release: kept.block,
        opener: kept.opener,
        acks: told.acks,
      });
    } else {
      const kept = await this.#book.complaint(row.hold);
      if (kept === undefined) return;
      const complaint = {
        evidence: { currency, hold: kept.hold, certificate: kept.certificate },
        complaint: kept.complaint,
        refunds: told.refunds,
      };
      answer = await this.#tried((options) => this.#complaints.complain(key, complaint, options));
    }
    // Anything but "later" is its last word.
    if (answer !== undefined && answer.kind !== 'later' && answer.kind !== 'need') task.left.delete(index);
  }

  /** The answer, or undefined when there is none: the witness is told again. */
  #ask(key: PublicKey, request: Parameters<NotaryLine['ask']>[1]): Promise<NotaryAnswer | undefined> {
    return this.#tried((options) => this.#line.ask(key, request, options));
  }

  async #tried(ask: (options: AskOptions) => Promise<NotaryAnswer>): Promise<NotaryAnswer | undefined> {
    try {
      return await ask({
        signal: this.#stopped.signal,
        timeoutMs: Math.max(1, Math.floor(this.#deltaMs / 4)),
      });
    } catch (error) {
      if (isEdmpError(error)) return undefined;
      throw error;
    }
  }
}

/** One thing told to one witness. */
interface Telling {
  readonly task: Task;
  readonly index: number;
  readonly row: HoldRow;
  readonly told: ToldHold;
}
