import {
  type AbortOptions,
  type Crypto,
  type Environment,
  type PublicKey,
  publicKeyToHex,
  withDeadline,
} from '@edmp/interface';
import type { CID } from 'multiformats/cid';
import { cidOf, expectSupportedCid, MAX_READ_BYTES } from '../codec/cid.ts';
import { ContentError } from '../errors.ts';
import type { BulkContentReader } from '../store/network.ts';
import { type BitswapMessage, codecOfPrefix, type WantEntry } from './message.ts';
import { type Outbox, unreachable } from './outbox.ts';

/** Blocks that one reader asks a peer for ahead of those that it has: enough for a line with some delay. */
const WINDOW = 32;

/** Options of {@link bitswapClient}. */
export interface BitswapClientOptions {
  readonly crypto: Pick<Crypto, 'sha256'>;
  readonly environment: Environment;
  readonly outbox: Outbox;
  /** Longest wait for one block, ms. */
  readonly timeoutMs: number;
}

/** Options of a reader. */
export interface BitswapReaderOptions {
  /** Called before every read; for who is not always connected. Default: nothing. */
  readonly connect?: (options: AbortOptions) => Promise<unknown>;
}

/** Asks peers for blocks. */
export interface BitswapClient {
  /** Reads blocks from one peer; every block is verified. */
  reader(peer: PublicKey, options?: BitswapReaderOptions): BulkContentReader;
  /** Whether a peer is being waited for, so that its messages may be large. */
  waitsFor(peer: PublicKey): boolean;
  receive(peer: PublicKey, message: Pick<BitswapMessage, 'blocks' | 'presences'>): void;
  /** Fails what a peer was asked for. */
  forget(peer: PublicKey, why: ContentError): void;
  stop(): void;
}

/** Who waits for one block of one peer. */
interface Wait {
  readonly cid: CID;
  resolve(bytes: Uint8Array): void;
  reject(error: ContentError): void;
}

/** A {@link BitswapClient}. */
export function bitswapClient(options: BitswapClientOptions): BitswapClient {
  const { crypto, environment, outbox, timeoutMs } = options;
  /** By peer and CID. */
  const waits = new Map<string, Map<string, Set<Wait>>>();

  const settle = (hex: string, key: string, each: (wait: Wait) => void): void => {
    const ofPeer = waits.get(hex);
    const found = [...(ofPeer?.get(key) ?? [])];
    ofPeer?.delete(key);
    if (ofPeer?.size === 0) waits.delete(hex);
    for (const wait of found) each(wait);
  };
  const failAll = (hex: string, error: ContentError): void => {
    for (const key of [...(waits.get(hex)?.keys() ?? [])]) settle(hex, key, (wait) => wait.reject(error));
  };

  /** Waits for blocks that are asked for at once, each by itself. Ends by `signal`, and then takes the wants back. */
  const ask = (
    peer: PublicKey,
    cids: readonly CID[],
    signal: AbortSignal,
  ): readonly Promise<Uint8Array>[] => {
    const hex = publicKeyToHex(peer);
    const ofPeer = waits.get(hex) ?? new Map<string, Set<Wait>>();
    waits.set(hex, ofPeer);
    const added: (readonly [string, Wait])[] = [];
    const answers = cids.map(
      (cid) =>
        new Promise<Uint8Array>((resolve, reject) => {
          const key = cid.toString();
          const wait: Wait = { cid, resolve, reject };
          const sharing = ofPeer.get(key) ?? new Set();
          ofPeer.set(key, sharing.add(wait));
          added.push([key, wait]);
        }),
    );
    for (const answer of answers) answer.catch(() => undefined);
    const giveUp = (): void => {
      const left = added.filter(([key, wait]) => {
        const sharing = ofPeer.get(key);
        if (sharing?.delete(wait) !== true || sharing.size > 0) return false;
        ofPeer.delete(key);
        return true;
      });
      if (ofPeer.size === 0 && waits.get(hex) === ofPeer) waits.delete(hex);
      if (left.length === 0) return;
      outbox.send(peer, { wants: left.map(([, { cid }]) => want(cid, true)) }).catch(() => undefined);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    outbox.send(peer, { wants: cids.map((cid) => want(cid, false)) }, { signal }).catch((cause) => {
      for (const [, wait] of added) wait.reject(unreachable('it does not take the question', cause));
      giveUp();
    });
    return answers;
  };

  return {
    reader(peer, { connect } = {}) {
      const reader: BulkContentReader = {
        async get(cid, getOptions = {}) {
          let only = new Uint8Array(0) as Uint8Array;
          for await (const bytes of reader.getMany([cid], getOptions)) only = bytes;
          return only;
        },
        async *getMany(cids, getOptions = {}) {
          for (const cid of cids) expectSupportedCid(cid);
          const maxBytes = getOptions.maxBytes ?? MAX_READ_BYTES;
          await connect?.({ signal: getOptions.signal });
          const controller = new AbortController();
          const asked: Promise<Uint8Array>[] = [];
          try {
            for (const [index, cid] of cids.entries()) {
              // Half a window at a time: a message for each block would double the messages.
              if (asked.length < cids.length && asked.length - index <= WINDOW / 2) {
                const more = cids.slice(asked.length, index + WINDOW);
                asked.push(...ask(peer, more, controller.signal));
              }
              const answer = asked[index];
              if (answer === undefined) throw unreachable('nothing was asked');
              const bytes = await withDeadline(
                environment,
                timeoutMs,
                `Reading ${cid} by bitswap`,
                () => answer,
                getOptions,
              );
              if (bytes.length > maxBytes) {
                throw new ContentError(
                  'ERR_CONTENT_TOO_LARGE',
                  `Expected a block of at most ${maxBytes} bytes, got ${bytes.length}`,
                );
              }
              yield bytes;
            }
          } finally {
            controller.abort();
          }
        },
      };
      return reader;
    },
    waitsFor: (peer) => waits.has(publicKeyToHex(peer)),
    receive(peer, { blocks, presences }) {
      const hex = publicKeyToHex(peer);
      for (const { prefix, data } of blocks) {
        const ofPeer = waits.get(hex);
        const codec = codecOfPrefix(prefix);
        // What nobody asked for is not even hashed.
        if (ofPeer === undefined) return;
        if (codec === undefined || data.length > MAX_READ_BYTES) continue;
        const key = cidOf(crypto, codec, data).toString();
        if (ofPeer.has(key)) settle(hex, key, (wait) => wait.resolve(data.slice()));
      }
      for (const { cid, have } of presences) {
        if (have) continue;
        settle(hex, cid.toString(), (wait) =>
          wait.reject(
            new ContentError('ERR_CONTENT_NOT_FOUND', `The bitswap peer does not give us ${cid}`, {
              details: { cid: cid.toString() },
            }),
          ),
        );
      }
    },
    forget: (peer, why) => failAll(publicKeyToHex(peer), why),
    stop() {
      for (const hex of [...waits.keys()]) failAll(hex, unreachable('bitswap was stopped'));
    },
  };
}

const want = (cid: CID, cancel: boolean): WantEntry => ({
  cid,
  priority: 1,
  cancel,
  have: false,
  sendDontHave: !cancel,
});
