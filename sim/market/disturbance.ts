import type { PublicKey, SeededRandom } from '../../packages/interface/src/index.ts';
import {
  BUYER_STATES,
  SELLER_STATES,
  type TradeRole,
  type TradeState,
} from '../../packages/market/src/trade/states.ts';
import { type Cast, deciders, type Member, memberOf } from './members.ts';
import { crashFor } from './operations.ts';
import type { Universe } from './universe.ts';

/** What is done when a trade comes to a state. */
export const STROKES = [
  'crash-self',
  'crash-other',
  'crash-witnesses',
  'cut-parties',
  'cut-self-witnesses',
  'cut-other-witnesses',
  'cut-witnesses',
  'cut-self-all',
  'deaf-self',
  'mute-self',
  'crash-self-and-witnesses',
] as const;
type Stroke = (typeof STROKES)[number];

/** How long it lasts: shorter than Δ, and longer than each deadline, ms; drawn up to half longer. */
const LENGTHS = ['short', 'accept', 'release', 'complain'] as const;
type Length = (typeof LENGTHS)[number];

/** A fault aimed at one moment of one trade. */
export interface Aim {
  readonly role: TradeRole;
  readonly state: TradeState;
  readonly stroke: Stroke;
  readonly length: Length;
}

const moments: readonly (readonly [TradeRole, TradeState])[] = [
  ...BUYER_STATES.map((state) => ['buyer', state] as const),
  ...SELLER_STATES.map((state) => ['seller', state] as const),
].filter(([, state]) => state !== 'failed' && state !== 'lost');

/** Every aim: each pair of role and state, each stroke, each length. */
export const AIMS: readonly Aim[] = moments.flatMap(([role, state]) =>
  STROKES.flatMap((stroke) => LENGTHS.map((length) => ({ role, state, stroke, length }))),
);

/** Aims that wait for their moment at once. */
const MAX_AIMS = 8;

/** Strikes once when a trade comes to the state that was aimed at. */
export class Marksman {
  readonly #cast: Cast;
  readonly #random: SeededRandom;
  readonly #aims: Aim[];
  #isArmed = true;
  #statements = 0;
  #partitions = 0;

  constructor(cast: Cast, aims: readonly Aim[]) {
    this.#cast = cast;
    this.#random = cast.world.random.fork('marksman');
    this.#aims = [...aims];
    cast.world.on(({ node, event }) => {
      if (event.type !== 'trade') return;
      const { role, state, seller, buyer } = event.trade;
      const index = this.#aims.findIndex((aim) => aim.role === role && aim.state === state);
      const self = memberOf(cast, node);
      if (index < 0 || self === undefined) return;
      const [aim] = this.#aims.splice(index, 1);
      const other = cast.members.find(
        (member) => member !== self && [seller, buyer].some((key) => key.join() === member.node.key.join()),
      );
      if (aim !== undefined && other !== undefined) this.strike(aim, self, other);
    });
  }

  /** One more drawn aim, in a history that goes on for longer. */
  aimAgain(): void {
    const aim = AIMS[this.#random.below(AIMS.length)];
    if (aim !== undefined && this.#isArmed && this.#aims.length < MAX_AIMS) this.#aims.push(aim);
  }

  /** Strikes no more. */
  disarm(): void {
    this.#aims.length = 0;
    this.#isArmed = false;
  }

  /** Ends a notary or witness at the moment in which it has written a statement, before it can say it; now and then. */
  aimAtStatements(universe: Universe, oneIn: number): void {
    universe.onBound((node) => {
      const member = memberOf(this.#cast, node);
      if (member === undefined || !this.#isArmed || this.#random.below(oneIn) > 0) return;
      const ms = this.#lengthOf(LENGTHS[this.#random.below(3)] ?? 'short');
      if (!this.#cast.world.plan.allows(`crash at statement, ${++this.#statements}`)) return;
      this.#cast.world.fault('aimed-crash-at-statement', node.name);
      crashFor(this.#cast, member, ms);
    });
  }

  strike({ stroke, length, role, state }: Aim, self: Member, other: Member): void {
    const { world } = this.#cast;
    const ms = this.#lengthOf(length);
    if (!world.plan.allows(`aimed ${stroke} at ${role} ${state}, ${length}`)) return;
    world.fault(`aimed-${stroke}`, `${role} ${state} ${self.node.name} for ${ms}`);
    const judges = deciders(this.#cast);
    const all = this.#cast.members.map(({ node }) => node.key);
    const cut = (left: readonly Member['node'][], right: readonly Member['node'][]): void => {
      world.links.cut(
        left.map(({ key }) => key),
        right.map(({ key }) => key),
        ms,
      );
    };
    const mute = (left: readonly PublicKey[], right: readonly PublicKey[]): void => {
      world.links.cut(left, right, ms, true);
    };
    switch (stroke) {
      case 'crash-self':
        crashFor(this.#cast, self, ms);
        break;
      case 'crash-other':
        crashFor(this.#cast, other, ms);
        break;
      case 'crash-self-and-witnesses':
        crashFor(this.#cast, self, ms);
        this.#crashJudges(ms);
        break;
      case 'crash-witnesses':
        this.#crashJudges(ms);
        break;
      case 'cut-parties':
        cut([self.node], [other.node]);
        break;
      case 'cut-self-witnesses':
        cut([self.node], judges);
        break;
      case 'cut-other-witnesses':
        cut([other.node], judges);
        break;
      case 'cut-witnesses':
        cut(judges.slice(0, judges.length >> 1), judges.slice(judges.length >> 1));
        break;
      case 'cut-self-all':
        cut(
          [self.node],
          this.#cast.members.map(({ node }) => node),
        );
        break;
      case 'deaf-self':
        mute(all, [self.node.key]);
        break;
      case 'mute-self':
        mute([self.node.key], all);
        break;
    }
  }

  /** Cuts a drawn group off from the rest for a drawn time. */
  partition(): void {
    const { world, members } = this.#cast;
    const left = members.filter(() => this.#random.below(2) === 0).map(({ node }) => node);
    const right = members.map(({ node }) => node).filter((node) => !left.includes(node));
    const ms = this.#lengthOf(LENGTHS[this.#random.below(3)] ?? 'short');
    const isOneWay = this.#random.below(4) === 0;
    if (!world.plan.allows(`partition ${++this.#partitions}`)) return;
    world.fault('partition', `${left.map(({ name }) => name).join(' ')} for ${ms}`);
    world.links.cut(
      left.map(({ key }) => key),
      right.map(({ key }) => key),
      ms,
      isOneWay,
    );
  }

  #crashJudges(ms: number): void {
    for (const node of deciders(this.#cast)) {
      const member = memberOf(this.#cast, node);
      if (member !== undefined) crashFor(this.#cast, member, ms);
    }
  }

  #lengthOf(length: Length): number {
    const { accept, release, complain } = this.#cast.durations;
    const base =
      length === 'short'
        ? 1_000
        : length === 'accept'
          ? accept
          : length === 'release'
            ? accept + release
            : accept + release + complain;
    return base + this.#random.below(length === 'short' ? 30_000 : base >> 1);
  }
}

/** The aims of a history: one in turn, and some drawn. */
export function aimsOf(cast: Cast): readonly Aim[] {
  const random = cast.world.random.fork('aims');
  const turn = AIMS[cast.world.seed % AIMS.length];
  const more = random.below(3) === 0 ? [AIMS[random.below(AIMS.length)]] : [];
  return [turn, ...more].filter((aim) => aim !== undefined);
}
