import {
  type Crypto,
  concatBytes,
  type DatasetDocument,
  type Environment,
  equalBytes,
  type HalfBlock,
  type JudgedTrade,
  type Judgement,
  type KeyValueStore,
  memoryKeyValueStore,
  type Network,
  type PublicKey,
  publicKey,
  type Signature,
  type VirtualEnvironment,
  virtualEnvironment,
} from '@edmp/interface';
import { assetIdOf, complaintMessage, encodeDatasetDocument } from '@edmp/interface/dataset';
import {
  constantLatency,
  type Latency,
  type SimulatedNetworks,
  simulatedNetworks,
} from '@edmp/trustchain/simulated';
import {
  CURRENCY_TYPE,
  type Currency,
  currencyOfBlock,
  currencyToTx,
  type IssuedCurrency,
} from '../../src/asset/currency.ts';
import { type CurrencyRegister, currencyRegister } from '../../src/asset/currency-register.ts';
import { lockKey, releaseOf, releaseToTx, unlockKey } from '../../src/blocks/release.ts';
import type { Spending } from '../../src/blocks/spending.ts';
import { type TradeProposal, tradeProposalOf } from '../../src/blocks/trade.ts';
import { RELEASE_TYPE } from '../../src/blocks/types.ts';
import { type CertificateStore, openCertificateStore } from '../../src/evidence/certificate-store.ts';
import { decodeNotaryAnswer, type HoldAnswer, type NotaryAnswer } from '../../src/notary/answers.ts';
import { type NotaryClient, notaryClient } from '../../src/notary/client.ts';
import type { Complaint } from '../../src/notary/client-types.ts';
import { type Directory, openDirectory } from '../../src/notary/directory.ts';
import type { HoldEvidence, NotaryRequest } from '../../src/notary/messages.ts';
import { encodeNotaryRequest } from '../../src/notary/messages.ts';
import { type Notary, type NotaryEvent, type NotaryOptions, openNotary } from '../../src/notary/notary.ts';
import { type NotaryProofs, openNotaryProofs } from '../../src/notary/proof-register.ts';
import { type OpenComplain, sealedComplain } from './complaints.ts';
import { documentOf } from './documents.ts';
import { KillableStore } from './killable-store.ts';
import { type Author, author, crypto, HOUR, proposed, START } from './money.ts';

/** Signatures that cost a hash, for histories by the thousand; a notary signs with them too. */
export const quickCrypto: Crypto = {
  ...crypto,
  ed25519PublicKey: (secretKey) => publicKey(crypto.sha256(secretKey)),
  ed25519Sign: (message, secretKey) => quickSignature(message, crypto.sha256(secretKey)),
  ed25519Verify: (signature, message, key) => equalBytes(signature, quickSignature(message, key)),
  ed25519VerifyMany: async (items) =>
    items.map(({ signature, message, publicKey: key }) =>
      equalBytes(signature, quickSignature(message, key)),
    ),
};

function quickSignature(message: Uint8Array, key: Uint8Array): Signature {
  const half = crypto.sha256(concatBytes(key, message));
  return concatBytes(half, half);
}

/** A proof that the tests' judge finds founded, and one that it does not. */
export const FOUNDED: Uint8Array = Uint8Array.of(1);
export const INVENTED: Uint8Array = Uint8Array.of(0);

export const judge = (_trade: unknown, proof: Uint8Array): Judgement => ({
  guilty: proof[0] === 1,
  kind: 'wrong-key',
  reason: proof[0] === 1 ? 'the key opens nothing' : 'the proof proves nothing',
});

export const DOCUMENT: DatasetDocument = documentOf('A month');
export const RECIPIENT: Uint8Array = new Uint8Array(32).fill(5);

/** A clock that runs beside the world's, `offsetMs` off. */
export function skewed(environment: Environment, offsetMs: number): Environment {
  return {
    now: () => environment.now() + offsetMs,
    schedule: (delayMs, callback) => environment.schedule(delayMs, callback),
    randomBytes: (length) => environment.randomBytes(length),
  };
}

/** One node with a notary. */
export class NotaryNode {
  readonly events: NotaryEvent[] = [];
  /** May be changed between two starts. */
  readonly options: { -readonly [Name in keyof NotaryOptions]?: NotaryOptions[Name] };
  readonly world: NotaryWorld;
  readonly self: PublicKey;
  readonly store: KeyValueStore;
  live!: KillableStore;
  network!: Network;
  directory!: Directory;
  notary!: Notary;

  constructor(world: NotaryWorld, self: PublicKey, store: KeyValueStore, options: Partial<NotaryOptions>) {
    this.world = world;
    this.self = self;
    this.store = store;
    this.options = options;
  }

  get key(): PublicKey {
    return this.notary.keys()[0]!;
  }

  async start(killAt?: number, takesEffect?: boolean): Promise<void> {
    const { world, options } = this;
    this.live = new KillableStore(this.store, killAt, takesEffect);
    this.network = world.networks.create({ self: this.self });
    await this.network.start();
    const environment = options.environment ?? world.environment;
    this.directory = openDirectory({ network: this.network, crypto: world.crypto, environment });
    this.notary = await openNotary({
      store: this.live,
      crypto: world.crypto,
      environment,
      network: this.network,
      directory: this.directory,
      judge,
      onEvent: (event) => this.events.push(event),
      ...options,
    });
  }

  /** A clean stop. */
  async stop(): Promise<void> {
    await this.notary.stop();
    this.directory.stop();
    await this.network.stop();
  }

  /** A power cut: nothing more is written. */
  crash(): void {
    this.live.kill();
    this.directory.stop();
    this.world.networks.crash(this.self);
  }

  async ask(
    request: NotaryRequest | OpenComplain,
    from: PublicKey = this.world.someone,
  ): Promise<NotaryAnswer> {
    const asked =
      'complaint' in request ? await sealedComplain(request, from, (more) => this.ask(more, from)) : request;
    return decodeNotaryAnswer(await this.notary.answer(encodeNotaryRequest(asked), from));
  }

  /** What it says about one hold. */
  async say(request: NotaryRequest | OpenComplain): Promise<HoldAnswer> {
    const answer = await this.ask(request);
    if (answer.kind !== 'holds') throw new Error(`expected statements, got ${JSON.stringify(answer)}`);
    return answer.holds[0]!;
  }
}

/** A node that trades. */
export interface UserNode {
  readonly network: Network;
  readonly directory: Directory;
  readonly certificates: CertificateStore;
  readonly currencies: CurrencyRegister;
  readonly proofs: NotaryProofs;
  readonly client: NotaryClient;
  readonly blocks: Map<string, HalfBlock>;
}

/** A hold with everything around it. */
export interface HeldTrade {
  readonly seller: Author;
  readonly proposal: HalfBlock;
  readonly hold: Spending;
  readonly release: HalfBlock;
  readonly opener: Uint8Array;
  readonly evidence: HoldEvidence;
  /** The buyer's signatures under its complaints with {@link FOUNDED} and {@link INVENTED}. */
  readonly signatures: { readonly founded: Signature; readonly invented: Signature };
}

export class NotaryWorld {
  readonly crypto: Crypto;
  readonly environment: VirtualEnvironment;
  readonly networks: SimulatedNetworks;
  readonly someone: PublicKey = author('someone').key;
  readonly nodes: NotaryNode[] = [];

  constructor(seed: number, provider: Crypto, latency: Latency) {
    this.crypto = provider;
    this.environment = virtualEnvironment({ seed, start: START });
    this.networks = simulatedNetworks({ environment: this.environment, seed, latency });
  }

  async notary(options: Partial<NotaryOptions> = {}, store = memoryKeyValueStore()): Promise<NotaryNode> {
    const node = new NotaryNode(this, publicKey(this.environment.randomBytes(32)), store, options);
    await node.start();
    this.nodes.push(node);
    return node;
  }

  async user(): Promise<UserNode> {
    const { environment, crypto: provider } = this;
    const network = this.networks.create();
    await network.start();
    const directory = openDirectory({ network, crypto: provider, environment });
    const certificates = await openCertificateStore({ store: memoryKeyValueStore() });
    const currencies = currencyRegister();
    const proofs = await openNotaryProofs({
      network,
      crypto: provider,
      environment,
      currencies,
      store: memoryKeyValueStore(),
    });
    const blocks = new Map<string, HalfBlock>();
    const client = notaryClient({
      network,
      crypto: provider,
      environment,
      directory,
      blocks: async (id) => blocks.get(id.toString()),
      certificates,
      currencies,
      proofs,
    });
    return { network, directory, certificates, currencies, proofs, client, blocks };
  }

  link(a: { readonly network: Network }, b: { readonly network: Network }): void {
    this.networks.link(a.network.self, b.network.self);
  }

  linkAll(nodes: readonly { readonly network: Network }[]): void {
    nodes.forEach((a, i) => {
      for (const b of nodes.slice(i + 1)) this.link(a, b);
    });
  }

  at(time: number): Promise<void> {
    return this.environment.advance(time - this.environment.now());
  }
}

export async function notaryWorld(
  options: { readonly seed?: number; readonly crypto?: Crypto; readonly latency?: Latency } = {},
): Promise<NotaryWorld> {
  return new NotaryWorld(options.seed ?? 1, options.crypto ?? crypto, options.latency ?? constantLatency(5));
}

/** A currency with these notaries. */
export async function currencyOf(
  issuer: Author,
  keys: readonly PublicKey[],
  label = 'SUN',
): Promise<IssuedCurrency> {
  const tx = currencyToTx({ label, precision: 2, notaries: keys });
  return currencyOfBlock(await issuer.sign(CURRENCY_TYPE, tx));
}

export const RELEASE_AT: number = START + 600_000;
export const COMPLAIN_AT: number = RELEASE_AT + HOUR;

/** A hold of `amount`, and a release of it that nobody has seen. */
export async function held(
  world: NotaryWorld,
  seller: Author,
  buyer: Author,
  currency: Currency,
  options: {
    readonly amount?: bigint;
    readonly witnesses?: readonly PublicKey[];
    readonly release?: number;
    readonly complain?: number;
    readonly currencyBlock?: Uint8Array | null;
    readonly certificate?: Uint8Array | null;
  } = {},
): Promise<HeldTrade> {
  const { amount = 10n, release: releaseAt = RELEASE_AT, complain = COMPLAIN_AT } = options;
  const trade = await proposed(seller, buyer, currency, amount, {
    asset: assetIdOf(DOCUMENT, crypto),
    recipient: crypto.sha256(RECIPIENT),
    deadlines: { accept: releaseAt - 540_000, release: releaseAt, complain },
    ...(options.witnesses === undefined ? {} : { witnesses: options.witnesses }),
  });
  const hold = await buyer.hold(currency, trade);
  const { release, opener } = await releasedOf(world, seller, hold);
  const signed = (proof: Uint8Array): Promise<Signature> =>
    buyer.signer.sign(
      complaintMessage(crypto, factsOf(tradeProposalOf(trade.block, crypto), release, opener), proof),
    );
  return {
    signatures: { founded: await signed(FOUNDED), invented: await signed(INVENTED) },
    seller,
    proposal: trade.block,
    hold,
    release,
    opener,
    evidence: {
      currency: options.currencyBlock ?? (currency.kind === 'issued' ? currency.block.bytes : null),
      hold: hold.block.bytes,
      certificate: options.certificate ?? null,
    },
  };
}

/** What a complaint about a release is judged by. */
export function factsOf(proposal: TradeProposal, release: HalfBlock, opener: Uint8Array): JudgedTrade {
  const { terms, digest } = proposal.encoded;
  return {
    tradeId: digest,
    asset: terms.asset,
    seller: terms.seller,
    buyer: terms.buyer,
    suite: terms.suite,
    recipientKey: RECIPIENT,
    document: DOCUMENT,
    settlementRoot: proposal.root,
    wrappedKey: unlockKey(releaseOf(release), opener, crypto)!,
  };
}

/** Another release of a hold, with a key of its own. */
export async function releasedOf(
  world: NotaryWorld,
  seller: Author,
  hold: Spending,
): Promise<{ readonly release: HalfBlock; readonly opener: Uint8Array }> {
  const opener = world.environment.randomBytes(32);
  const locked = lockKey(world.environment.randomBytes(48), opener, hold.id, crypto);
  const tx = releaseToTx({ hold: hold.id, suite: 'x-wing', ...locked });
  return { release: await seller.sign(RELEASE_TYPE, tx, { peer: hold.author }), opener };
}

/** The complaint of a buyer about a trade. */
export function complaintOf(trade: HeldTrade, proof: Uint8Array): Complaint {
  return {
    proposal: trade.proposal,
    release: trade.release,
    opener: trade.opener,
    recipientKey: RECIPIENT,
    document: encodeDatasetDocument(DOCUMENT),
    proof,
    signature: equalBytes(proof, FOUNDED) ? trade.signatures.founded : trade.signatures.invented,
  };
}

export const releaseRequest = (
  key: PublicKey,
  trade: HeldTrade,
): Extract<NotaryRequest, { kind: 'release' }> => ({
  kind: 'release',
  key,
  evidence: trade.evidence,
  release: trade.release.bytes,
  opener: trade.opener,
  acks: [],
});

export const complainRequest = (
  key: PublicKey,
  trade: HeldTrade,
  proof: Uint8Array,
): OpenComplain & { readonly complaint: { readonly kind: 'proof' } } => {
  const { proposal, release, ...complaint } = complaintOf(trade, proof);
  return {
    kind: 'complain',
    key,
    evidence: trade.evidence,
    complaint: { kind: 'proof', proposal: proposal.bytes, release: release.bytes, ...complaint },
    refunds: [],
  };
};

export const outcomeRequest = (
  key: PublicKey,
  trade: HeldTrade,
  shown: { readonly receipt?: HalfBlock; readonly acks?: Uint8Array } = {},
): Extract<NotaryRequest, { kind: 'outcome' }> => ({
  kind: 'outcome',
  key,
  holds: [
    {
      id: trade.hold.id,
      evidence: trade.evidence,
      receipt: shown.receipt?.bytes ?? null,
      acks: shown.acks ?? null,
    },
  ],
});

export const spendRequest = (
  key: PublicKey,
  blocks: readonly Spending[],
  more: Partial<Extract<NotaryRequest, { kind: 'spend' }>> = {},
): Extract<NotaryRequest, { kind: 'spend' }> => ({
  kind: 'spend',
  key,
  currency: null,
  want: blocks.at(-1)!.id,
  blocks: blocks.map(({ block }) => block.bytes),
  certificates: [],
  incomes: [],
  ...more,
});

/** Kinds of what was said. */
export const kindsOf = ({ statements }: HoldAnswer): readonly string[] =>
  statements.map(({ kind }) => kind).sort();
