import {
  type AbortOptions,
  type Crypto,
  type Environment,
  equalBytes,
  isEdmpError,
  type Network,
  type PublicKey,
  type PublicKeyHex,
  publicKeyToHex,
  singleFrame,
} from '@edmp/interface';
import { boundedMap } from '@edmp/interface/bounded';
import { decodeNotaryAnswer } from './answers.ts';
import { MAX_ANSWER_BYTES, MAX_KEYS, NOTARY_PROTOCOL } from './limits.ts';
import { encodeNotaryRequest } from './messages.ts';
import { notaryAtMessage } from './statement-keys.ts';

/** Nodes whose keys are remembered; each serves at most {@link MAX_KEYS}. */
const MAX_NODES = 1_024;
/** How long a node that was asked is not asked again, ms. */
const ASK_AGAIN_MS = 30_000;
/**
 * How long after it gave no answer, ms; twice as long each time, up to {@link ASK_AGAIN_MS}. A node that was just started
 * takes connections before it serves, and a question may be called off with what it was asked for: neither may keep a key
 * unknown for half a minute.
 */
const ASK_AGAIN_SOON_MS = 500;
/** How long a node may take to say whom it serves, ms. */
const ASK_TIMEOUT_MS = 15_000;
/** Nodes asked at once. */
const ASKED_AT_ONCE = 8;

/** A notary in this process: a node does not send requests to itself. */
export interface LocalNotary {
  keys(): readonly PublicKey[];
  answer(body: Uint8Array, from: PublicKey): Promise<Uint8Array>;
}

/** Which node serves which statement key: proven by the key itself, learned from peers, bounded. */
export interface Directory extends Disposable {
  /** The node that proved last that it serves the key. */
  node(key: PublicKey): PublicKey | undefined;
  /** Statement keys that a node has proven. */
  keysAt(node: PublicKey): readonly PublicKey[];
  /** The same as {@link Directory.node}, after asking connected peers when it is not known. */
  find(key: PublicKey, options?: AbortOptions): Promise<PublicKey | undefined>;
  /** Asks one node now, for instance a configured one, or one that stopped serving a key. Never throws. */
  ask(node: PublicKey, options?: AbortOptions): Promise<void>;
  /** The notary of this process that serves the key. */
  local(key: PublicKey): LocalNotary | undefined;
  /** Adds a notary of this process until the returned function is called. */
  addLocal(notary: LocalNotary): () => void;
  /**
   * Those of `keys` that one of `parties` (network keys) serves: a lone notary or a witness that is a party of the
   * trade itself (DESIGN §4.4.2, §4.4.4). Only as good as what is known; unknown keys are not listed.
   */
  servedBy(parties: readonly PublicKey[], keys: readonly PublicKey[]): readonly PublicKey[];
  stop(): void;
}

/**
 * A directory that asks every peer when it connects.
 *
 * @param options - The network whose peers are asked, what verifies the proofs of statement keys, and the clock and
 *   timers of time limits.
 */
export function openDirectory(options: {
  readonly network: Network;
  readonly crypto: Pick<Crypto, 'ed25519Verify'>;
  readonly environment: Environment;
}): Directory {
  return new PeerDirectory(options.network, options.crypto, options.environment);
}

/** When a node was asked last, and how long it is left alone since, ms. */
interface Asked {
  readonly at: number;
  readonly pauseMs: number;
  /** Questions in a row that it did not answer. */
  readonly failures: number;
}

class PeerDirectory implements Directory {
  readonly #network: Network;
  readonly #crypto: Pick<Crypto, 'ed25519Verify'>;
  readonly #environment: Environment;
  readonly #nodes = new Map<PublicKeyHex, PublicKey>();
  /** Keys by their node, least lately heard of first. */
  readonly #keys = new Map<PublicKeyHex, readonly PublicKey[]>();
  readonly #asked = boundedMap<PublicKeyHex, Asked>({ max: MAX_NODES });
  /** Questions under way, by node: whoever comes meanwhile waits for the same answer. At most one for each connected peer. */
  readonly #asking = new Map<PublicKeyHex, Promise<void>>();
  readonly #locals = new Set<LocalNotary>();
  readonly #stopped = new AbortController();
  readonly #unsubscribe: () => void;

  constructor(network: Network, crypto: Pick<Crypto, 'ed25519Verify'>, environment: Environment) {
    this.#network = network;
    this.#crypto = crypto;
    this.#environment = environment;
    this.#unsubscribe = network.onPeer(({ type, peer }) => {
      if (type === 'connected') void this.#askOnce(peer);
    });
    for (const peer of network.peers()) void this.#askOnce(peer);
  }

  node(key: PublicKey): PublicKey | undefined {
    return this.local(key) === undefined ? this.#nodes.get(publicKeyToHex(key)) : this.#network.self;
  }

  keysAt(node: PublicKey): readonly PublicKey[] {
    if (equalBytes(node, this.#network.self)) return [...this.#locals].flatMap((local) => local.keys());
    return this.#keys.get(publicKeyToHex(node)) ?? [];
  }

  local(key: PublicKey): LocalNotary | undefined {
    for (const local of this.#locals) if (local.keys().some((own) => equalBytes(own, key))) return local;
    return undefined;
  }

  addLocal(notary: LocalNotary): () => void {
    this.#locals.add(notary);
    return () => this.#locals.delete(notary);
  }

  servedBy(parties: readonly PublicKey[], keys: readonly PublicKey[]): readonly PublicKey[] {
    return keys.filter((key) => {
      const node = this.node(key);
      return node !== undefined && parties.some((party) => equalBytes(party, node));
    });
  }

  async find(key: PublicKey, options: AbortOptions = {}): Promise<PublicKey | undefined> {
    const known = this.node(key);
    if (known !== undefined) return known;
    const peers = this.#network.peers();
    const running = peers.flatMap((peer) => this.#asking.get(publicKeyToHex(peer)) ?? []);
    const others = peers.filter((peer) => this.#mayAsk(peer));
    await orAborted(Promise.all(running), options.signal);
    for (let at = 0; at < others.length && this.node(key) === undefined; at += ASKED_AT_ONCE) {
      await Promise.all(others.slice(at, at + ASKED_AT_ONCE).map((peer) => this.ask(peer, options)));
    }
    return this.node(key);
  }

  async ask(node: PublicKey, options: AbortOptions = {}): Promise<void> {
    if (this.#stopped.signal.aborted) return;
    const hex = publicKeyToHex(node);
    const failures = this.#asked.get(hex)?.failures ?? 0;
    this.#asked.set(hex, { at: this.#environment.now(), pauseMs: ASK_AGAIN_MS, failures: 0 });
    const asking = this.#askNow(node, options).then((isAnswered) => {
      if (this.#asking.get(hex) === asking) this.#asking.delete(hex);
      if (isAnswered) return;
      const pauseMs = Math.min(ASK_AGAIN_MS, ASK_AGAIN_SOON_MS * 2 ** failures);
      this.#asked.set(hex, { at: this.#environment.now(), pauseMs, failures: failures + 1 });
    });
    this.#asking.set(hex, asking);
    await asking;
  }

  /** Whether the node answered. */
  async #askNow(node: PublicKey, options: AbortOptions): Promise<boolean> {
    try {
      const frames = this.#network.request(node, NOTARY_PROTOCOL, encodeNotaryRequest({ kind: 'who' }), {
        timeoutMs: ASK_TIMEOUT_MS,
        maxFrameBytes: MAX_ANSWER_BYTES,
        signal: options.signal ?? this.#stopped.signal,
      });
      const answer = decodeNotaryAnswer(await singleFrame(frames));
      if (answer.kind === 'who') this.#learn(node, answer.keys);
      return answer.kind === 'who';
    } catch (error) {
      // A peer that serves nobody, or is gone, is asked again later.
      if (!isEdmpError(error)) throw error;
      return false;
    }
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  stop(): void {
    this.#unsubscribe();
    this.#stopped.abort();
  }

  async #askOnce(peer: PublicKey): Promise<void> {
    if (this.#mayAsk(peer)) await this.ask(peer);
  }

  #mayAsk(peer: PublicKey): boolean {
    const asked = this.#asked.get(publicKeyToHex(peer));
    return asked === undefined || this.#environment.now() - asked.at >= asked.pauseMs;
  }

  #learn(
    node: PublicKey,
    claims: readonly { readonly key: PublicKey; readonly signature: Uint8Array }[],
  ): void {
    const message = notaryAtMessage(node);
    const proven = claims
      .slice(0, MAX_KEYS)
      .filter(({ key, signature }) => this.#crypto.ed25519Verify(signature, message, key))
      .map(({ key }) => key);
    const hex = publicKeyToHex(node);
    this.#forget(hex);
    if (proven.length === 0) return;
    this.#keys.set(hex, proven);
    for (const key of proven) this.#nodes.set(publicKeyToHex(key), node);
    this.#makeRoom();
  }

  /** Forgets one node's keys, unless another has proven them since. */
  #forget(hex: PublicKeyHex): void {
    for (const key of this.#keys.get(hex) ?? []) {
      const name = publicKeyToHex(key);
      const node = this.#nodes.get(name);
      if (node !== undefined && publicKeyToHex(node) === hex) this.#nodes.delete(name);
    }
    this.#keys.delete(hex);
  }

  /** Nodes that are not connected go first: strangers cannot push out those that one talks to. */
  #makeRoom(): void {
    if (this.#keys.size <= MAX_NODES) return;
    const connected = new Set(this.#network.peers().map(publicKeyToHex));
    const gone = [...this.#keys.keys()].find((hex) => !connected.has(hex));
    const oldest = gone ?? this.#keys.keys().next().value;
    if (oldest !== undefined) this.#forget(oldest);
  }
}

/** Waits for what others asked, or until the caller leaves; that leaves the question to them. */
async function orAborted(wait: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) {
    await wait;
    return;
  }
  await new Promise<void>((resolve, reject) => {
    const leave = (): void => resolve();
    signal.addEventListener('abort', leave, { once: true });
    wait.then(() => resolve(), reject).finally(() => signal.removeEventListener('abort', leave));
    if (signal.aborted) leave();
  });
}
