import type { Environment, IncomingRequest, Network, PublicKey } from '@edmp/interface';
import { isEdmpError, publicKeyToHex } from '@edmp/interface';
import { tokenBuckets } from '@edmp/interface/bounded';
import { MarketError } from '../errors.ts';
import type { OrderRegistry } from '../order/order-registry.ts';
import { ASK_SIDE, BID_SIDE } from '../order/order-table.ts';
import { ByteAllowance } from './byte-allowance.ts';
import { InStep } from './in-step.ts';
import { ORDERS_PROTOCOL } from './messages.ts';
import { answerRequest, firstParts, idBytesOf, nextParts, type OrderSets } from './reconcile.ts';
import {
  type AnswerPart,
  decodeSyncFrame,
  decodeSyncRequest,
  encodeSyncFrame,
  encodeSyncRequest,
  isWithin,
  MAX_REQUEST_IDS,
  MAX_REQUEST_PARTS,
  MAX_SYNC_FRAME_BYTES,
  MAX_SYNC_REQUEST_BYTES,
  type RequestPart,
  type SyncFrame,
  type SyncSide,
} from './sync-messages.ts';

/** Between two rounds, ms. */
const ROUND_MS = 60_000;
/** Rounds are spread by up to this much either way, so that nodes do not ask in step, ms. */
const JITTER_MS = 10_000;
/** After so long a peer that holds something else is asked: it may just be fetching what it lacks, ms. */
const ASK_BACK_DELAY_MS = 5_000;
/** Peers asked in a round. */
const PEERS_A_ROUND = 4;
/** Requests of one session: a hundred differing places among 10⁵ orders take some twenty. */
const MAX_REQUESTS = 128;
/** Bytes of blocks that one session takes: 10⁵ orders of 700 bytes. */
const MAX_SESSION_BYTES = 96 * 1024 * 1024;
/** Bytes of blocks without a new order, after which a session ends: what a liar costs at most. */
const MAX_USELESS_BYTES = 1024 * 1024;
/** Requests without a new order, after which a session ends: the other side has nothing for us, or leads us about. */
const MAX_FRUITLESS = 32;
/** Parts of questions that wait; what does not fit is found again in the next round. */
const MAX_QUEUE = 4_096;
/** Longest session, ms. */
const SESSION_MS = 300_000;
/** Time after which a session must have brought {@link LEAST_BYTES_A_SECOND} of new orders, ms: others wait for it. */
const GRACE_MS = 20_000;
const LEAST_BYTES_A_SECOND = 4_096;
/** Bytes of blocks in one answer. */
const ANSWER_BYTES = 8 * 1024 * 1024;
/** What one peer is sent: a whole book at once, then a few thousand orders a minute. */
const SERVED = { burst: MAX_SESSION_BYTES, perSecond: 64 * 1024 };
/** Requests that one peer may send, each up to some 20 ms of work: an ordinary session at once, then one a second. */
const REQUEST_RATE = { burst: 64, perSecond: 1 };
/** First time for which a peer that broke the rules is not asked, ms; it doubles each time. */
const PUT_OFF_MS = 120_000;
/** Longest such time, ms. */
const LONGEST_PUT_OFF_MS = 3_600_000;
/** Peers remembered for breaking the rules. */
const MAX_PUT_OFF = 1_024;
/** Waiting for the next frame, ms. */
const FRAME_TIMEOUT_MS = 10_000;

/** What came of a block that a peer sent. */
export type BlockOutcome =
  /** It brought something new. */
  | 'new'
  /** Known, or no room for it. */
  | 'useless'
  /** Nothing that belongs here: the peer breaks the rules. */
  | 'wrong';

/** What a sync needs. */
export interface OrderSyncOptions {
  readonly network: Network;
  readonly environment: Environment;
  readonly registry: OrderRegistry;
  readonly sets: OrderSets;
  readonly matchmaker: boolean;
  /** Takes in blocks of a peer, verified together. */
  readonly take: (blocks: readonly Uint8Array[], from: PublicKey) => Promise<readonly BlockOutcome[]>;
  /** Whether a peer said that it is a matchmaker. */
  readonly note: (peer: PublicKey, isMatchmaker: boolean) => void;
  readonly refused: (peer: PublicKey, code: string, reason: string) => void;
  /** Fires when the market stops. */
  readonly signal: AbortSignal;
}

/** A peer broke the rules of the protocol. */
class Misbehaviour extends Error {}

/**
 * Brings open orders into step with peers: on connecting, and every minute with up to four of those that may have
 * something else, one at a time; a peer with which nothing differed is asked again once something changed here, it asks
 * for something else itself, or five minutes passed. So a market in which nothing happens is nearly silent, and what
 * gossip lost comes as soon as anybody that has it looks at whoever has not. A round in which nothing differs is one
 * small request; one that was broken off goes on where it stopped, because what came is in the set. Only verified blocks
 * count, and a peer that sends others is put off for a while.
 */
export class OrderSync {
  readonly #options: OrderSyncOptions;
  readonly #releases: (() => void)[];
  readonly #waiting = new Map<string, PublicKey>();
  readonly #putOff = new Map<string, { until: number; times: number }>();
  readonly #served: ByteAllowance;
  readonly #sides: readonly SyncSide[];
  readonly #inStep: InStep;
  #cancelTimer = (): void => undefined;
  #running = false;

  /** Starts serving, and asking those who connect. */
  constructor(options: OrderSyncOptions) {
    const { network, environment } = options;
    this.#options = options;
    this.#sides = options.matchmaker ? [ASK_SIDE, BID_SIDE] : [ASK_SIDE];
    this.#inStep = new InStep(options.sets, this.#sides, environment.now);
    this.#served = new ByteAllowance(SERVED, environment.now);
    const requests = tokenBuckets(REQUEST_RATE, environment.now);
    this.#releases = [
      network.handle(ORDERS_PROTOCOL, (request) => this.#answer(request, requests.take), {
        maxRequestBytes: MAX_SYNC_REQUEST_BYTES,
        maxConcurrentPerPeer: 2,
      }),
      network.onPeer(({ type, peer }) => {
        if (type === 'connected') this.#enqueue(peer);
        else {
          this.#waiting.delete(publicKeyToHex(peer));
          this.#inStep.forget(peer);
        }
      }),
    ];
    for (const peer of network.peers()) this.#enqueue(peer);
    this.#schedule();
  }

  /** Stops serving and asking; a session under way ends with the market's signal. */
  stop(): void {
    this.#cancelTimer();
    for (const release of this.#releases) release();
  }

  async *#answer(
    { from, body }: IncomingRequest,
    take: (peer: string) => boolean,
  ): AsyncGenerator<Uint8Array> {
    const { registry, sets, matchmaker, note } = this.#options;
    const request = decodeSyncRequest(body);
    const peer = publicKeyToHex(from);
    if (!take(peer)) {
      throw new MarketError('ERR_ORDER_LIMIT', 'Too many order syncs; wait and try again', {
        retryable: true,
      });
    }
    note(from, request.matchmaker);
    const frames = answerRequest(request, {
      matchmaker,
      sets,
      table: registry.table,
      closed: registry.closed,
      maxBytes: Math.max(0, Math.min(ANSWER_BYTES, this.#served.left(peer))),
    });
    const parts: AnswerPart[] = [];
    for (const frame of frames) {
      parts.push(...frame.parts);
      this.#served.use(
        peer,
        frame.blocks.reduce((sum, block) => sum + block.length, 0),
      );
      yield encodeSyncFrame(frame);
    }
    if (this.#inStep.learn(from, request.parts, parts)) this.#askBack(from);
  }

  #schedule(): void {
    const { environment, signal, network } = this.#options;
    if (signal.aborted) return;
    const random = environment.randomBytes(2);
    const jitter = ((((random[0] ?? 0) << 8) | (random[1] ?? 0)) / 65_536) * 2 * JITTER_MS - JITTER_MS;
    this.#cancelTimer = environment.schedule(ROUND_MS + jitter, () => {
      const print = this.#inStep.print();
      const peers = network.peers().filter((peer) => !this.#isPutOff(peer) && !this.#inStep.has(peer, print));
      for (let picks = 0; picks < PEERS_A_ROUND && peers.length > 0; picks++) {
        const [high = 0, low = 0] = environment.randomBytes(2);
        const [peer] = peers.splice(((high << 8) | low) % peers.length, 1);
        if (peer !== undefined) this.#enqueue(peer);
      }
      this.#schedule();
    });
  }

  #askBack(peer: PublicKey): void {
    const { environment, network, signal } = this.#options;
    this.#inStep.asked(peer);
    environment.schedule(ASK_BACK_DELAY_MS, () => {
      const hex = publicKeyToHex(peer);
      const isHere = network.peers().some((other) => publicKeyToHex(other) === hex);
      const isWanted = isHere && !this.#isPutOff(peer) && !this.#inStep.has(peer, this.#inStep.print());
      if (isWanted && !signal.aborted) this.#enqueue(peer);
    });
  }

  #enqueue(peer: PublicKey): void {
    this.#waiting.set(publicKeyToHex(peer), peer);
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    const { signal } = this.#options;
    this.#running = true;
    try {
      for (const [hex, peer] of this.#waiting) {
        if (signal.aborted) break;
        this.#waiting.delete(hex);
        if (!this.#isPutOff(peer)) await this.#session(peer);
      }
    } finally {
      this.#running = false;
    }
  }

  #isPutOff(peer: PublicKey): boolean {
    const until = this.#putOff.get(publicKeyToHex(peer))?.until ?? 0;
    return until > this.#options.environment.now();
  }

  async #session(peer: PublicKey): Promise<void> {
    const { refused } = this.#options;
    this.#inStep.asked(peer);
    try {
      const hadNothing = await this.#reconcile(peer);
      if (hadNothing) this.#inStep.agree(peer);
      if (!this.#isPutOff(peer)) this.#putOff.delete(publicKeyToHex(peer));
    } catch (error) {
      const isFormat = isEdmpError(error) && error.code === 'ERR_MARKET_FORMAT';
      if (isFormat || error instanceof Misbehaviour) {
        this.#misbehaved(peer);
        refused(
          peer,
          'ERR_MARKET_FORMAT',
          `an order sync that breaks the rules: ${(error as Error).message}`,
        );
        return;
      }
      // Gone again, busy, or without a market: another round may do better.
      if (!isEdmpError(error)) throw error;
    }
  }

  #misbehaved(peer: PublicKey): void {
    const times = this.#putOff.get(publicKeyToHex(peer))?.times ?? 0;
    this.#putOffFor(peer, Math.min(LONGEST_PUT_OFF_MS, PUT_OFF_MS * 2 ** Math.min(times, 10)), times + 1);
  }

  #putOffFor(peer: PublicKey, ms: number, times: number): void {
    const hex = publicKeyToHex(peer);
    this.#putOff.delete(hex);
    if (this.#putOff.size >= MAX_PUT_OFF) {
      for (const oldest of this.#putOff.keys()) {
        this.#putOff.delete(oldest);
        break;
      }
    }
    this.#putOff.set(hex, { until: this.#options.environment.now() + ms, times });
  }

  /** Asks a peer for what is new; whether it came to an end and there was nothing. */
  async #reconcile(peer: PublicKey): Promise<boolean> {
    const { environment, matchmaker, network, sets, signal } = this.#options;
    const start = environment.now();
    let queue: RequestPart[] = [...firstParts(sets, this.#sides, environment.randomBytes)];
    let bytes = 0;
    let hadNothing = true;
    let useless = 0;
    let fruitless = 0;
    for (let requests = 0; queue.length > 0 && requests < MAX_REQUESTS; requests++) {
      const parts = nextRequest(queue);
      queue = queue.slice(parts.length);
      const frames = network.request(peer, ORDERS_PROTOCOL, encodeSyncRequest({ matchmaker, parts }), {
        signal,
        timeoutMs: FRAME_TIMEOUT_MS,
        maxFrameBytes: MAX_SYNC_FRAME_BYTES,
        maxResponseBytes: 2 * ANSWER_BYTES + MAX_SYNC_FRAME_BYTES,
      });
      let gained = false;
      const again: RequestPart[] = [];
      for await (const body of frames) {
        const frame = decodeSyncFrame(body);
        this.#options.note(peer, frame.matchmaker);
        checkFrame(frame, parts);
        const outcomes = await this.#options.take(frame.blocks, peer);
        for (const [at, outcome] of outcomes.entries()) {
          const size = frame.blocks[at]?.length ?? 0;
          bytes += size;
          if (outcome === 'wrong') throw new Misbehaviour('a block that is no open order');
          hadNothing &&= outcome === 'useless';
          if (outcome === 'new') gained = true;
          else useless += size;
        }
        for (const part of frame.parts) {
          if (part.kind === 'again') again.push(...nextParts(sets, part));
          else queue.push(...nextParts(sets, part));
        }
        if (useless > MAX_USELESS_BYTES || bytes > MAX_SESSION_BYTES) return false;
        const elapsed = environment.now() - start;
        if (elapsed > SESSION_MS) return false;
        if (elapsed > GRACE_MS && (bytes - useless) * 1_000 < LEAST_BYTES_A_SECOND * elapsed) {
          this.#putOffFor(peer, PUT_OFF_MS, this.#putOff.get(publicKeyToHex(peer))?.times ?? 0);
          return false;
        }
      }
      // A peer that serves no more asks for patience: the next round goes on.
      if (again.length > 0 && !gained) return false;
      queue.push(...again);
      queue.length = Math.min(queue.length, MAX_QUEUE);
      fruitless = gained ? 0 : fruitless + 1;
      if (fruitless > MAX_FRUITLESS) {
        this.#putOffFor(peer, PUT_OFF_MS, this.#putOff.get(publicKeyToHex(peer))?.times ?? 0);
        return false;
      }
    }
    return hadNothing && queue.length === 0;
  }
}

/** As many parts from the front of the queue as one request may have. */
function nextRequest(queue: readonly RequestPart[]): readonly RequestPart[] {
  let ids = 0;
  let count = 0;
  for (const part of queue) {
    ids += idBytesOf(part) / 32;
    if (count === MAX_REQUEST_PARTS || (count > 0 && ids > MAX_REQUEST_IDS)) break;
    count++;
  }
  return queue.slice(0, count);
}

/** An answer speaks of nothing but what was asked, and cuts ranges instead of repeating them. */
function checkFrame(frame: SyncFrame, asked: readonly RequestPart[]): void {
  for (const part of frame.parts) {
    const kind = part.kind === 'again' ? 'have' : 'print';
    const isAsked = asked.some(
      (question) =>
        question.kind === kind &&
        isWithin(part.range, question.range) &&
        (part.kind !== 'print' || !isWithin(question.range, part.range)),
    );
    if (!isAsked) throw new Misbehaviour('a range that was not asked for');
  }
}
