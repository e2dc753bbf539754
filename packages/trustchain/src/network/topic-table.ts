import { InvalidArgumentError, type PublicKey, type TopicHandler, type TopicVerdict } from '@edmp/interface';
import type { MaybePromise } from '../maybe-promise.ts';
import { type ByteBudgetOptions, byteBudget } from './byte-budget.ts';
import { checkBody, checkName } from './checks.ts';
import { NetworkError } from './errors.ts';
import type { PeerPenalties } from './peer-penalties.ts';

const MIB = 1024 * 1024;

/** Limits of {@link topicTable}. */
export interface TopicTableOptions {
  readonly penalties: PeerPenalties;
  /** Largest message, bytes. Default 256 KiB. */
  readonly maxMessageBytes?: number;
  /** Messages of one peer that may wait for their verdict at once; more are ignored. Default 1024. */
  readonly maxPendingPerPeer?: number;
  /** Bytes of the messages that wait for their verdict. Default 4 MiB for one peer, 32 MiB for all. */
  readonly pendingBudget?: ByteBudgetOptions;
}

/** The handlers of a node's topics and the judging of what arrives for them. */
export interface TopicTable {
  /** See {@link @edmp/interface!Network.subscribe}. */
  subscribe(topic: string, handler: TopicHandler): () => void;
  has(topic: string): boolean;
  /** Largest message, bytes. */
  readonly maxMessageBytes: number;
  topics(): readonly string[];
  /** Throws `ERR_INVALID_ARGUMENT` or `ERR_NETWORK_LIMIT` when a message must not be published. */
  checkOutgoing(topic: string, body: Uint8Array): void;
  /**
   * The verdict on a message that `peer` (the transport's name of `from`) delivered. Never rejects: a handler that
   * throws gives `ignore`, for its failure says nothing about the sender. A `reject` is held against the sender.
   */
  judge(topic: string, body: Uint8Array, from: PublicKey, peer: string): MaybePromise<TopicVerdict>;
}

/** A {@link TopicTable} without subscriptions. */
export function topicTable(options: TopicTableOptions): TopicTable {
  const { penalties, maxMessageBytes = 256 * 1024, maxPendingPerPeer = 1024 } = options;
  const handlers = new Map<string, TopicHandler>();
  const pending = new Map<string, number>();
  const bytes = byteBudget(options.pendingBudget ?? { perPeer: 4 * MIB, total: 32 * MIB });

  /** Notes that a message of `peer` waits for its verdict; undefined when too much does. The result ends it. */
  const waitFor = (peer: string, length: number): (() => void) | undefined => {
    const waiting = pending.get(peer) ?? 0;
    if (waiting >= maxPendingPerPeer) return undefined;
    const giveBack = bytes.take(peer, length);
    if (giveBack === undefined) return undefined;
    pending.set(peer, waiting + 1);
    return () => {
      giveBack();
      const left = (pending.get(peer) ?? 1) - 1;
      if (left === 0) pending.delete(peer);
      else pending.set(peer, left);
    };
  };

  const conclude = (verdict: TopicVerdict, peer: string): TopicVerdict => {
    if (verdict === 'reject') penalties.penalise(peer);
    return verdict === 'accept' || verdict === 'reject' ? verdict : 'ignore';
  };
  const ask = (
    handler: TopicHandler,
    body: Uint8Array,
    from: PublicKey,
    peer: string,
  ): MaybePromise<TopicVerdict> => {
    const done = waitFor(peer, body.length);
    if (done === undefined) return 'ignore';
    const failed = (): TopicVerdict => {
      done();
      return 'ignore';
    };
    try {
      const asked = handler(body, from);
      if (asked instanceof Promise) {
        return asked.then((verdict) => {
          done();
          return conclude(verdict, peer);
        }, failed);
      }
      done();
      return conclude(asked, peer);
    } catch {
      return failed();
    }
  };
  return {
    subscribe(topic, handler) {
      checkName('topic', topic);
      if (handlers.has(topic)) {
        throw new InvalidArgumentError(`${topic} has a handler already; take it back before setting another`);
      }
      // Wrapped, so that taking back an old subscription of the same function cannot remove a newer one.
      const entry: TopicHandler = (body, from) => handler(body, from);
      handlers.set(topic, entry);
      return () => {
        if (handlers.get(topic) === entry) handlers.delete(topic);
      };
    },
    maxMessageBytes,
    has: (topic) => handlers.has(topic),
    topics: () => [...handlers.keys()],
    checkOutgoing(topic, body) {
      checkName('topic', topic);
      checkBody(body);
      if (body.length > maxMessageBytes) {
        throw new NetworkError(
          'ERR_NETWORK_LIMIT',
          `A topic message has at most ${maxMessageBytes} bytes, got ${body.length}; send its address instead`,
          { details: { bytes: body.length, maxMessageBytes } },
        );
      }
    },
    judge(topic, body, from, peer) {
      const handler = handlers.get(topic);
      if (handler === undefined) return 'ignore';
      if (body.length > maxMessageBytes) return conclude('reject', peer);
      return ask(handler, body, from, peer);
    },
  };
}
