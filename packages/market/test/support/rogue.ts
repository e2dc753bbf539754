import {
  type BlockId,
  type HalfBlock,
  type PublicKey,
  type RequestOptions,
  singleFrame,
  type TxValue,
} from '@edmp/interface';
import { type Order, price } from '@edmp/market';
import {
  BID_TYPE,
  bidToTx,
  type EncodedTerms,
  encodeTerms,
  holdToTx,
  type Terms,
  TRADE_TYPE,
} from '@edmp/market/codec';
import { decodeHalfBlock, signHalfBlock } from '@edmp/trustchain/block';
import {
  decodeTradeReply,
  encodeTradeRequest,
  TRADE_PROTOCOL,
  type TradeReply,
  type TradeRequest,
} from '../../src/trade/messages.ts';
import { crypto, documentOf } from './documents.ts';
import { DAY, type Node, type World } from './world.ts';

/** Δ must leave room before the release deadline; the windows are short so that tests can wait for them. */
export const SHORT = {
  deltaMs: 500,
  shortComplaints: true,
  deadlines: { accept: 10_000, release: 10_000, complain: 60_000 },
} as const;

/** Terms that a seller was asked to accept, and what it said. */
export interface Proposed {
  readonly terms: EncodedTerms;
  readonly recipientKey: Uint8Array;
  readonly reply: TradeReply;
}

/** A place in a chain that a hand-signed block takes. */
export interface Place {
  readonly seq: number;
  readonly prev: BlockId | null;
}

/** A place in an account of test money. */
export interface Tip {
  readonly n: number;
  readonly prev: BlockId | null;
  /** Before the payment, as the payer says. */
  readonly balance: bigint;
}

/** What an answer is, a decline with its reason. */
export function said(reply: TradeReply): string {
  return reply.kind === 'decline' ? `${reply.reason}: ${reply.message}` : reply.kind;
}

/** `available/held/earned` of `who`, as `viewer` sees it. */
export async function purse(viewer: Node, who: Node, currency = 'DUM1'): Promise<string> {
  const { available, held, earned } = await viewer.market.balance(who.key, currency);
  return `${available}/${held}/${earned}`;
}

/** Sells a dataset called `title`, and gives its order. */
export function sell(
  seller: Node,
  title: string,
  amount: bigint | number,
  more: object = {},
): Promise<Order> {
  const document = documentOf(title);
  seller.settlement.add(document);
  return seller.market.sell({ document, price: price('DUM1', amount), supply: 1, lifetimeMs: DAY, ...more });
}

/** One request, one answer, while the clock moves. */
export function ask(
  world: World,
  from: Node,
  to: Node,
  protocol: string,
  body: Uint8Array,
  options: RequestOptions = {},
): Promise<Uint8Array> {
  return world.run(singleFrame(from.network.request(to.key, protocol, body, options)), 120_000, 5);
}

/** Blocks of one type that `viewer` holds of `author`, oldest first. */
export async function blocksOf(viewer: Node, author: Node, type: string): Promise<readonly HalfBlock[]> {
  const all = await viewer.store.range(author.key, 1, 1_000_000, 1_000);
  return all.filter(({ core }) => core.type === type);
}

/** A key that keeps to no rule of its own: it speaks by hand, through the network of an ordinary node. */
export class Rogue {
  readonly world: World;
  readonly node: Node;
  /** Statement keys that its proposals name. */
  readonly witnesses: readonly PublicKey[];

  constructor(world: World, node: Node, witnesses: readonly PublicKey[]) {
    this.world = world;
    this.node = node;
    this.witnesses = witnesses;
  }

  /** A bid signed without a look at what it costs; at a place by hand where its own node signs no more. */
  bid(
    order: Pick<Order, 'asset' | 'price'>,
    quantity = 1,
    more: { readonly amount?: bigint; readonly place?: Place; readonly lifeMs?: number } = {},
  ): Promise<HalfBlock> {
    const unit = more.amount === undefined ? order.price : price(order.price.currency, more.amount);
    const expires = this.world.environment.now() + (more.lifeMs ?? DAY - 1_000);
    const tx = bidToTx({ asset: order.asset, price: unit, quantity, expires });
    if (more.place !== undefined) return this.sign(more.place, BID_TYPE, tx);
    return this.node.trustchain.source({ type: BID_TYPE, tx });
  }

  async say(to: Node, request: TradeRequest): Promise<TradeReply> {
    return decodeTradeReply(
      await ask(this.world, this.node, to, TRADE_PROTOCOL, encodeTradeRequest(request), {
        timeoutMs: 60_000,
      }),
    );
  }

  /** Proposes terms over `order` that are right but for `changes`. */
  async propose(
    seller: Node,
    order: Order,
    changes: Partial<Terms> = {},
    given?: HalfBlock,
  ): Promise<Proposed> {
    const quantity = changes.quantity ?? 1;
    const bid = given ?? (await this.bid(order, quantity));
    const recipientKey = await this.node.settlement.createRecipientKey();
    const now = this.world.environment.now();
    const terms = encodeTerms(
      {
        ask: order.id,
        bid: bid.id,
        seller: order.owner,
        buyer: this.node.key,
        asset: order.asset,
        quantity,
        price: order.price,
        amount: (order.price.amount * BigInt(quantity)) / order.price.per,
        deadlines: { accept: now + 10_000, release: now + 20_000, complain: now + 80_000 },
        suite: 'x-wing',
        recipient: crypto.sha256(recipientKey),
        witnesses: this.witnesses,
        nonce: this.world.environment.randomBytes(16),
        ...changes,
      },
      crypto,
    );
    const request: TradeRequest = { kind: 'propose', terms: terms.bytes, recipientKey, bid: bid.bytes };
    return { terms, recipientKey, reply: await this.say(seller, request) };
  }

  /** The hold of accepted terms, signed by hand at `tip` of the account and `place` of the chain. */
  async hold(
    { terms: { terms }, reply }: Proposed,
    tip: Tip,
    place: Place,
    changes: { readonly time?: number } = {},
  ): Promise<HalfBlock> {
    if (reply.kind !== 'accept') throw new Error(`not accepted: ${JSON.stringify(reply)}`);
    const { release, complain } = terms.deadlines;
    const money = {
      currency: terms.price.currency,
      n: tip.n,
      prev: tip.prev,
      claims: [],
      pay: terms.amount,
      to: terms.seller,
      balance: tip.balance - terms.amount,
    };
    const proposal = decodeHalfBlock(reply.proposal, crypto);
    return this.sign(place, TRADE_TYPE, holdToTx(money, { release, complain, witnesses: terms.witnesses }), {
      peer: terms.seller,
      link: proposal.id,
      ...changes,
    });
  }

  /** Any block of this key, wherever it says that it stands. */
  sign(
    { seq, prev }: Place,
    type: string,
    tx: TxValue,
    core: { readonly peer?: PublicKey; readonly link?: BlockId; readonly time?: number } = {},
  ): Promise<HalfBlock> {
    const { peer = null, link = null, time = this.world.environment.now() } = core;
    return signHalfBlock(
      { v: 1, key: this.node.key, seq, prev, peer, link, type, tx, time },
      this.node.signer,
      crypto,
    );
  }

  /** The next place of its own chain. */
  async next(): Promise<Place> {
    const head = await this.node.store.head(this.node.key);
    return { seq: (head?.core.seq ?? 0) + 1, prev: head?.id ?? null };
  }

  /** Signs the hold of accepted terms at the end of its chain, stores it, and leaves it to the caller to show it. */
  async agree(proposed: Proposed, tip: Tip): Promise<HalfBlock> {
    const { reply, terms } = proposed;
    if (reply.kind !== 'accept') throw new Error(`not accepted: ${JSON.stringify(reply)}`);
    const { block } = await this.node.trustchain.receive(reply.proposal);
    const { release, complain } = terms.terms.deadlines;
    const { amount, seller, price: unit, witnesses } = terms.terms;
    const money = {
      currency: unit.currency,
      n: tip.n,
      prev: tip.prev,
      claims: [],
      pay: amount,
      to: seller,
      balance: tip.balance - amount,
    };
    return this.node.trustchain.agree(block.id, holdToTx(money, { release, complain, witnesses }), {
      push: false,
      history: 'none',
    });
  }

  /** Shows a hold to the seller. */
  show(seller: Node, hold: HalfBlock, certificate: Uint8Array | null = null): Promise<TradeReply> {
    return this.say(seller, { kind: 'hold', hold: hold.bytes, certificate });
  }
}
