import {
  type AbortOptions,
  type AgreeOptions,
  type BlockId,
  equalBytes,
  type HalfBlock,
  InvalidArgumentError,
  type Network,
  type PairState,
  type PublicKey,
  type ReceiveResult,
  type SignOptions,
  type Trustchain,
  type TxValue,
  type TypeRule,
  throwIfAborted,
} from '@edmp/interface';
import { followEvents, mutex } from '@edmp/interface/bounded';
import { decodeHalfBlock } from '../block/codec.ts';
import { isBlockType } from '../block/core-rules.ts';
import { accusation } from '../fraud/accusation.ts';
import { slotsBy } from '../fraud/slot.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import { answersOf } from '../pair/answers-of.ts';
import { pairState } from '../pair/state.ts';
import { pushBlocks } from '../protocol/delivery/push.ts';
import { type ChainNode, chainNode } from '../protocol/node.ts';
import { CHECKPOINT_TYPE } from '../prune/checkpoint.ts';
import { keptFloors } from '../prune/kept-floors.ts';
import type { Pruner } from '../prune/prune.ts';
import type { PrunableTrustchain, Pruning } from '../prune/pruning.ts';
import { readsOf } from '../store/at-once.ts';
import type { Verdict } from '../validation/validate.ts';
import { expectBlockId, expectKey, unlessAborted } from './arguments.ts';
import { ChainError, PairError } from './errors.ts';
import { type EventHub, eventHub } from './events.ts';
import { type ForeignBlocks, foreignBlocks } from './foreign-blocks.ts';
import { type FraudRegister, fraudRegister } from './fraud-register.ts';
import { type GapReports, gapReports } from './gap-reports.ts';
import { type Histories, histories } from './history.ts';
import { type Intake, intake } from './intake.ts';
import { type TrustchainLimits, type TrustchainOptions, withDefaults } from './options.ts';
import { type OwnHeadGuard, ownHeadGuard } from './own-head.ts';
import { expectHistory } from './pair-history.ts';
import { type PairRequests, pairRequests } from './pair-requests.ts';
import { type Reaction, reaction } from './reaction.ts';
import { type LeaseKeeper, leaseKeeper, unshared } from './signing-lease.ts';
import { chainTips, noTips, type Tips } from './tips.ts';
import { type AppendRequest, type ChainWriter, chainWriter } from './writer.ts';

/** Arrivals judged again at the start, in case a crash came between storing a block and recording its fraud. */
const RECHECKED = 512;

/**
 * Opens a chain over a store, and takes part in its protocols when a network is given. What a crash left reserved but
 * unsigned is signed before this node's next block, and never anything else in its place. Throws the store's errors, and
 * `ERR_INVALID_ARGUMENT` when the network has another identity than the signer.
 *
 * @param options - What the chain stands on, each part named; `pruning` adds what a {@link PrunableTrustchain} can do.
 *
 * @example
 * ```ts
 * import { softwareSigner, systemEnvironment } from '@edmp/interface';
 * import { nodeCrypto } from '@edmp/interface/crypto/node';
 * import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
 *
 * const crypto = nodeCrypto();
 * const environment = systemEnvironment();
 * const signer = softwareSigner({ crypto, secretKey: environment.randomBytes(32) });
 * await using chain = await createTrustchain({ signer, crypto, environment, store: memoryBlockStore() });
 * const block = await chain.source({ type: 'note', tx: 'The meter was read' });
 * console.log(block.core.seq, block.core.tx); // 1 The meter was read
 * ```
 */
export function createTrustchain(
  options: TrustchainOptions & { readonly pruning: Pruning },
): Promise<PrunableTrustchain>;
export function createTrustchain(options: TrustchainOptions): Promise<Trustchain>;
export async function createTrustchain(options: TrustchainOptions): Promise<PrunableTrustchain> {
  const { signer, network } = options;
  if (network !== undefined && !equalBytes(network.self, signer.publicKey)) {
    throw new InvalidArgumentError('The network and the signer must have the same key');
  }
  const chain = new ChainService(options);
  return chain.methods(await chain.open());
}

/** What a chain has once it has looked at what is stored. */
interface Opened {
  readonly pruning: Pruner;
  readonly past: Histories;
}

class ChainService {
  readonly #options: TrustchainOptions;
  readonly #self: PublicKey;
  readonly #limits: Required<TrustchainLimits>;
  readonly #rules = new Map<string, TypeRule>();
  readonly #events: EventHub;
  readonly #tips: Tips;
  readonly #lease: LeaseKeeper;
  #foreign: ForeignBlocks | undefined;
  readonly #frauds: FraudRegister;
  readonly #reaction: Reaction;
  readonly #intake: Intake;
  readonly #guard: OwnHeadGuard;
  readonly #writer: ChainWriter;
  readonly #requests: PairRequests;
  readonly #gaps: GapReports;
  #node: ChainNode | undefined;
  #stopped = false;
  #stopping: Promise<void> | undefined;

  constructor(options: TrustchainOptions) {
    const { signer, crypto, store, environment } = options;
    const self = signer.publicKey;
    const limits = withDefaults(options.limits);
    const { sharing } = options;
    this.#tips = sharing === undefined ? chainTips() : noTips();
    this.#lease = sharing === undefined ? unshared : leaseKeeper(self, store, environment, sharing);
    const events = eventHub(environment);
    this.#events = events;
    const [rules, tips] = [this.#rules, this.#tips];
    const onStoring = (block: HalfBlock): boolean => this.#foreign?.mine(block) ?? true;
    const onNotStored = (block: HalfBlock): void => this.#foreign?.failed(block);
    this.#options = options;
    this.#self = self;
    this.#limits = limits;
    for (const [type, rule] of Object.entries(options.rules ?? {})) this.#registerType(type, rule);
    const frauds = fraudRegister(
      store,
      crypto,
      (proof) => {
        events.emit({ type: 'fraud', author: proof.author, proof: proof.bytes });
        this.#node?.publishProof(proof.bytes);
      },
      sharing !== undefined,
    );
    const ownChain = mutex();
    this.#frauds = frauds;
    this.#reaction = reaction({ self, store, environment, rules, tips, events, frauds });
    this.#intake = intake({
      self,
      store,
      crypto,
      environment,
      frauds,
      reaction: this.#reaction,
      ownChain,
      onStoring,
      onNotStored,
      onOwnBlock: () => {
        this.#guard.suspect();
        this.#writer.refresh();
      },
      maxQueued: limits.maxReceiving,
      maxQueuedBytes: limits.maxReceivingBytes,
    });
    this.#guard = ownHeadGuard({
      self,
      store,
      frauds,
      environment,
      confirmations: options.confirmations ?? 0,
      learn: (peer) => this.#node?.learnOwn(peer) ?? Promise.resolve(),
    });
    this.#writer = chainWriter({
      signer,
      crypto,
      store,
      environment,
      maxQueued: limits.maxSigning,
      signTimeoutMs: limits.signTimeoutMs,
      ownChain,
      lease: this.#lease,
      onStoring,
      onNotStored,
      ready: () => {
        this.#expectRunning();
        return this.#guard.ready();
      },
      onAppended: (block, delivery) => {
        tips.note(block, { branches: [], next: [] });
        if (delivery.isNew) events.emit({ type: 'block', block, level: 'partial-next', own: true });
        this.#node?.appended(block, delivery);
      },
    });
    this.#gaps = gapReports(events.emit, environment, limits.fetchCooldownMs);
    const judge = (block: HalfBlock): MaybePromise<Verdict> => this.#reaction.judge(block);
    this.#requests = pairRequests({ self, store, rules, frauds, judge, now: environment.now });
  }

  /** Looks at what is stored, and joins the network. */
  async open(): Promise<Opened> {
    const { crypto, store, network, environment } = this.#options;
    const [frauds, rules, limits, onGap] = [this.#frauds, this.#rules, this.#limits, this.#gaps.tell];
    if (this.#options.sharing !== undefined) {
      const react = (blocks: readonly HalfBlock[]): Promise<void> => this.#onForeign(blocks);
      this.#foreign = await foreignBlocks({ store, react });
    }
    await this.#intake.recheck(RECHECKED);
    const pruning = await (this.#options.pruning?.open ?? keptFloors)({
      self: this.#self,
      store,
      crypto,
      frauds,
      rules,
      now: environment.now,
      sign: (tx) =>
        this.#append({ build: () => ({ peer: this.#self, link: null, type: CHECKPOINT_TYPE, tx }) }),
      onPruned: this.#tips.forget,
    });
    const { floor } = pruning;
    const source = (): ChainNode | undefined => this.#node;
    const past = histories({ store, rules, frauds, environment, limits, floor, source, onGap });
    if (network === undefined) return { pruning, past };
    this.#node = chainNode({
      self: this.#self,
      network,
      store,
      crypto,
      environment,
      limits,
      frauds,
      slotOf: slotsBy(rules),
      receive: (block) => this.#intake.receive(block),
      floor,
      onGap,
      askOwn: (peer: PublicKey) => this.#guard.ask(peer),
      onBlock: (listener) =>
        this.#events.on((event) => {
          if (event.type === 'block') listener(event.block, event.own);
        }),
    });
    await this.#node.start();
    return { pruning, past };
  }

  /** The chain as applications see it: plain functions, so that one may be handed on or replaced by itself. */
  methods({ pruning, past }: Opened): PrunableTrustchain {
    const [requests, events, frauds] = [this.#requests, this.#events, this.#frauds];
    return {
      self: this.#self,
      store: this.#options.store,
      propose: ({ peer, type, tx }, options) => this.#sign(() => requests.propose(peer, type, tx), options),
      source: ({ type, tx }, options) => this.#sign(() => requests.propose(null, type, tx), options),
      agree: (proposal, tx, options) => this.#agree(past, proposal, tx, options),
      finish: async (options) => {
        this.#expectRunning();
        await this.#writer.finish(options);
      },
      history: async (author, options) => {
        this.#expectRunning();
        return past.bring(author, options);
      },
      refuse: (proposal, reason, options) => this.#sign(() => requests.refuse(proposal, reason), options),
      withdraw: (proposal, reason, options) => this.#sign(() => requests.withdraw(proposal, reason), options),
      pair: (id) => this.#pair(id),
      receive: (bytes, options) => this.#receive(bytes, options),
      push: async (peer, blocks, options) => pushBlocks(this.#online().network, peer, blocks, options),
      sync: async (peer, author, options) => {
        const added = await this.#online().node.sync(peer, author, options);
        if (equalBytes(author, this.#self)) this.#guard.synced();
        return added;
      },
      consult: (question, options) => {
        expectKey('An author', question.author);
        return this.#online().node.consult(question, options);
      },
      registerType: (type, rule) => this.#registerType(type, rule),
      prune: async (options) => {
        this.#expectRunning();
        return pruning.prune(options);
      },
      floor: (author) => {
        const cut = pruning.checkpoint(author);
        return cut === undefined ? undefined : { position: cut.to, id: cut.id };
      },
      accuse: (a, b) => this.#accuse(a, b),
      isFraudulent: async (author) => frauds.has(expectKey('An author', author)),
      on: events.on,
      events: (options) =>
        followEvents(events.on, (text) => new ChainError('ERR_CHAIN_EVENTS_LOST', text), options),
      [Symbol.asyncDispose](): Promise<void> {
        return this.stop();
      },
      stop: () => {
        this.#stopping ??= this.#stop();
        return this.#stopping;
      },
    };
  }

  /** Another process has stored them: they are judged and told here as well. */
  async #onForeign(blocks: readonly HalfBlock[]): Promise<void> {
    if (blocks.some(({ core }) => equalBytes(core.key, this.#self))) this.#writer.refresh();
    await this.#reaction.toStored(blocks, () => undefined);
  }

  #expectRunning(): void {
    if (this.#stopped) throw new ChainError('ERR_CHAIN_STOPPED', 'The chain was stopped');
  }

  #online(): { readonly network: Network; readonly node: ChainNode } {
    this.#expectRunning();
    const { network } = this.#options;
    const node = this.#node;
    if (network === undefined || node === undefined) {
      throw new ChainError('ERR_CHAIN_OFFLINE', 'The chain was made without a network');
    }
    return { network, node };
  }

  #registerType(type: string, rule: TypeRule): void {
    if (!isBlockType(type)) throw new InvalidArgumentError(`Not a type: ${JSON.stringify(type)}`);
    if (typeof rule !== 'object' || rule === null)
      throw new InvalidArgumentError(`The rule of the type ${type} must be an object, got ${String(rule)}`);
    if (this.#rules.has(type)) throw new InvalidArgumentError(`The type ${type} has a rule already`);
    this.#rules.set(type, rule);
    // What was judged without the rule is judged again.
    this.#tips.clear();
    this.#node?.rulesChanged();
  }

  /** Appends a block; throws while the chain is stopped. */
  #append(request: AppendRequest, options: SignOptions = {}): Promise<HalfBlock> {
    this.#expectRunning();
    return this.#writer.append({ ...request, push: options.push }, options);
  }

  /** Appends what is asked for. Not an async function: the promise of the writer is passed on as it is. */
  #sign(request: () => AppendRequest, options: SignOptions | undefined): Promise<HalfBlock> {
    try {
      return this.#append(request(), options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #agree(
    past: Histories,
    proposal: BlockId,
    tx: TxValue | undefined,
    options: AgreeOptions = {},
  ): Promise<HalfBlock> {
    this.#expectRunning();
    const request = this.#requests.agree(proposal, tx);
    const { store, environment } = this.#options;
    const context = { store, frauds: this.#frauds, histories: past, now: environment.now };
    const expected = expectHistory(context, proposal, request, options);
    const next = expected instanceof Promise ? await expected : expected;
    const block = await this.#append(request, options);
    if (next !== undefined) past.passed(next);
    return block;
  }

  async #pair(id: BlockId): Promise<PairState> {
    const { store, environment } = this.#options;
    const proposal = await readsOf(store).get(expectBlockId(id));
    if (proposal === undefined)
      throw new PairError('ERR_PAIR_UNKNOWN', `The proposal ${id} is not stored here`);
    if (proposal.core.link !== null)
      throw new PairError('ERR_PAIR_NOT_PROPOSAL', `Block ${id} answers another one and opened no pair`);
    const rule = this.#rules.get(proposal.core.type);
    return pairState(proposal, await answersOf(store, proposal), { now: environment.now(), rule });
  }

  /** Not an async function: the promise of the intake is passed on as it is, once for every block. */
  #receive(bytes: Uint8Array, options: AbortOptions | undefined): Promise<ReceiveResult> {
    try {
      this.#expectRunning();
      throwIfAborted(options?.signal);
      const block = decodeHalfBlock(bytes, this.#options.crypto);
      return unlessAborted(this.#intake.receive(block), options?.signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #accuse(a: HalfBlock, b: HalfBlock): Promise<boolean> {
    this.#expectRunning();
    const proof = accusation(a, b, this.#options.crypto, slotsBy(this.#rules));
    const isNew = await this.#frauds.recordProof(proof);
    // Not waited for: the proof carries them, and a full queue must not keep it from its way.
    for (const block of proof.blocks) this.#intake.receive(block).catch(() => {});
    return isNew;
  }

  async #stop(): Promise<void> {
    this.#stopped = true;
    await this.#node?.stop();
    await this.#writer.idle();
    await this.#intake.idle();
    await this.#foreign?.stop();
    await this.#lease.end();
  }
}
