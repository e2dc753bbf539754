import {
  equalBytes,
  type HalfBlock,
  InvalidArgumentError,
  type Network,
  type PublicKey,
  type SignOptions,
  type Trustchain,
  type TypeRule,
  throwIfAborted,
} from '@edmp/interface';
import { mutex } from '@edmp/interface/bounded';
import { decodeHalfBlock } from '../block/codec.ts';
import { isBlockType } from '../block/core-rules.ts';
import { accusation } from '../fraud/accusation.ts';
import { slotsBy } from '../fraud/slot.ts';
import { answersOf } from '../pair/answers-of.ts';
import { pairState } from '../pair/state.ts';
import { pushBlocks } from '../protocol/delivery/push.ts';
import { type ChainNode, chainNode } from '../protocol/node.ts';
import { CHECKPOINT_TYPE } from '../prune/checkpoint.ts';
import { keptFloors } from '../prune/kept-floors.ts';
import type { PrunableTrustchain, Pruning } from '../prune/pruning.ts';
import { expectBlockId, expectKey, unlessAborted } from './arguments.ts';
import { ChainError, PairError } from './errors.ts';
import { eventHub } from './events.ts';
import { fraudRegister } from './fraud-register.ts';
import { gapReports } from './gap-reports.ts';
import { histories } from './history.ts';
import { intake } from './intake.ts';
import { type TrustchainOptions, withDefaults } from './options.ts';
import { ownHeadGuard } from './own-head.ts';
import { expectHistory } from './pair-history.ts';
import { pairRequests } from './pair-requests.ts';
import { reaction } from './reaction.ts';
import { chainTips } from './tips.ts';
import { type AppendRequest, chainWriter } from './writer.ts';

/** Arrivals judged again at the start, in case a crash came between storing a block and recording its fraud. */
const RECHECKED = 512;

/**
 * Opens a chain over a store, and takes part in its protocols when a network is given. What a crash left reserved but
 * unsigned is signed before this node's next block, and never anything else in its place. Throws the store's errors, and `ERR_INVALID_ARGUMENT` when the network has another identity
 * than the signer.
 */
export function createTrustchain(
  options: TrustchainOptions & { readonly pruning: Pruning },
): Promise<PrunableTrustchain>;
export function createTrustchain(options: TrustchainOptions): Promise<Trustchain>;
export async function createTrustchain(options: TrustchainOptions): Promise<PrunableTrustchain> {
  const { signer, crypto, store, network, environment } = options;
  const self = signer.publicKey;
  if (network !== undefined && !equalBytes(network.self, self)) {
    throw new InvalidArgumentError('The network and the signer must have the same key');
  }
  const limits = withDefaults(options.limits);
  const rules = new Map<string, TypeRule>();
  const slotOf = slotsBy(rules);
  const events = eventHub();
  const tips = chainTips();
  let stopped = false;
  let stopping: Promise<void> | undefined;
  let node: ChainNode | undefined;

  const registerType = (type: string, rule: TypeRule): void => {
    if (!isBlockType(type)) throw new InvalidArgumentError(`Not a type: ${JSON.stringify(type)}`);
    if (typeof rule !== 'object' || rule === null)
      throw new InvalidArgumentError(`The rule of the type ${type} must be an object, got ${String(rule)}`);
    if (rules.has(type)) throw new InvalidArgumentError(`The type ${type} has a rule already`);
    rules.set(type, rule);
    // What was judged without the rule is judged again.
    tips.clear();
    node?.rulesChanged();
  };
  for (const [type, rule] of Object.entries(options.rules ?? {})) registerType(type, rule);

  const frauds = fraudRegister(store, crypto, (proof) => {
    events.emit({ type: 'fraud', author: proof.author, proof: proof.bytes });
    node?.publishProof(proof.bytes);
  });
  const ownChain = mutex();
  const reacting = reaction({
    self,
    store,
    environment,
    rules,
    tips,
    events,
    frauds,
  });
  const taking = intake({
    self,
    store,
    crypto,
    environment,
    frauds,
    reaction: reacting,
    ownChain,
    onOwnBlock() {
      guard.suspect();
      writer.refresh();
    },
    maxQueued: limits.maxReceiving,
    maxQueuedBytes: limits.maxReceivingBytes,
  });
  const guard = ownHeadGuard({
    self,
    store,
    frauds,
    confirmations: options.confirmations ?? 0,
    learn: (peer) => node?.learnOwn(peer) ?? Promise.resolve(),
  });
  const writer = chainWriter({
    signer,
    crypto,
    store,
    environment,
    maxQueued: limits.maxSigning,
    signTimeoutMs: limits.signTimeoutMs,
    ownChain,
    async ready() {
      expectRunning();
      await guard.ready();
    },
    async onAppended(block, delivery) {
      tips.note(block, { branches: [], next: [] });
      events.emit({ type: 'block', block, level: 'partial-next', own: true });
      node?.appended(block, delivery);
    },
  });
  const gaps = gapReports(events.emit, environment, limits.fetchCooldownMs);
  const requests = pairRequests({ self, store, rules, frauds, judge: reacting.judge, now: environment.now });

  const expectRunning = (): void => {
    if (stopped) throw new ChainError('ERR_CHAIN_STOPPED', 'The chain was stopped');
  };
  const expectNetwork = (): { readonly network: Network; readonly node: ChainNode } => {
    expectRunning();
    if (network === undefined || node === undefined) {
      throw new ChainError('ERR_CHAIN_OFFLINE', 'The chain was made without a network');
    }
    return { network, node };
  };
  const append = async (request: AppendRequest, callOptions: SignOptions = {}): Promise<HalfBlock> => {
    expectRunning();
    return writer.append({ ...request, push: callOptions.push }, callOptions);
  };

  await taking.recheck(RECHECKED);
  const pruning = await (options.pruning?.open ?? keptFloors)({
    self,
    store,
    crypto,
    frauds,
    rules,
    now: environment.now,
    sign: (tx) => append({ build: async () => ({ peer: self, link: null, type: CHECKPOINT_TYPE, tx }) }),
    onPruned: tips.forget,
  });
  const past = histories({
    store,
    rules,
    frauds,
    environment,
    limits,
    floor: pruning.floor,
    source: () => node,
    onGap: gaps.tell,
  });
  if (network !== undefined) {
    node = chainNode({
      self,
      network,
      store,
      crypto,
      environment,
      limits,
      frauds,
      slotOf,
      receive: taking.receive,
      floor: pruning.floor,
      onGap: gaps.tell,
      askOwn: (peer: PublicKey) => guard.ask(peer),
      onBlock: (listener) =>
        events.on((event) => {
          if (event.type === 'block') listener(event.block, event.own);
        }),
    });
    await node.start();
  }

  return {
    self,
    store,
    propose: async ({ peer, type, tx }, callOptions) => append(requests.propose(peer, type, tx), callOptions),
    source: async ({ type, tx }, callOptions) => append(requests.propose(null, type, tx), callOptions),
    async agree(proposal, tx, callOptions = {}) {
      expectRunning();
      const request = requests.agree(proposal, tx);
      const context = { store, frauds, histories: past, now: environment.now };
      const next = await expectHistory(context, proposal, request, callOptions);
      const block = await append(request, callOptions);
      if (next !== undefined) past.passed(next);
      return block;
    },
    async finish(callOptions) {
      expectRunning();
      await writer.finish(callOptions);
    },
    async history(author, historyOptions) {
      expectRunning();
      return past.bring(author, historyOptions);
    },
    refuse: async (proposal, reason, callOptions) => append(requests.refuse(proposal, reason), callOptions),
    withdraw: async (proposal, reason, callOptions) =>
      append(requests.withdraw(proposal, reason), callOptions),
    async pair(id) {
      const proposal = await store.get(expectBlockId(id));
      if (proposal === undefined)
        throw new PairError('ERR_PAIR_UNKNOWN', `The proposal ${id} is not stored here`);
      if (proposal.core.link !== null)
        throw new PairError('ERR_PAIR_NOT_PROPOSAL', `Block ${id} answers another one and opened no pair`);
      const rule = rules.get(proposal.core.type);
      return pairState(proposal, await answersOf(store, proposal), { now: environment.now(), rule });
    },
    receive(bytes, callOptions) {
      // Not an async function: the promise of the intake is passed on as it is, once for every block.
      try {
        expectRunning();
        throwIfAborted(callOptions?.signal);
        return unlessAborted(taking.receive(decodeHalfBlock(bytes, crypto)), callOptions?.signal);
      } catch (error) {
        return Promise.reject(error);
      }
    },
    push: async (peer, blocks, callOptions) => pushBlocks(expectNetwork().network, peer, blocks, callOptions),
    async sync(peer, author, callOptions) {
      const added = await expectNetwork().node.sync(peer, author, callOptions);
      if (equalBytes(author, self)) guard.synced();
      return added;
    },
    registerType,
    async prune(pruneOptions) {
      expectRunning();
      return pruning.prune(pruneOptions);
    },
    async accuse(a, b) {
      expectRunning();
      const proof = accusation(a, b, crypto, slotOf);
      const isNew = await frauds.recordProof(proof);
      // Not waited for: the proof carries them, and a full queue must not keep it from its way.
      for (const block of proof.blocks) taking.receive(block).catch(() => {});
      return isNew;
    },
    isFraudulent: async (author) => frauds.has(expectKey('An author', author)),
    on: events.on,
    stop() {
      stopping ??= (async () => {
        stopped = true;
        await node?.stop();
        await writer.idle();
        await taking.idle();
      })();
      return stopping;
    },
  };
}
