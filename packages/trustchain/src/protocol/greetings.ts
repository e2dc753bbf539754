import type { Environment, HalfBlock, PublicKey } from '@edmp/interface';
import { blockKey, bytesKey } from '../block/identity.ts';
import { forgetOldest } from '../store/forget-oldest.ts';

/** Peers whose last greeting is remembered. */
const MAX_PEERS = 4_096;

/** What {@link greetings} works with. */
export interface GreetingsContext {
  readonly environment: Environment;
  /** How long a peer that answered is not bothered again, ms. */
  readonly cooldownMs: number;
  /** The same for a peer that did not answer, ms. */
  readonly retryMs: number;
  readonly head: () => Promise<HalfBlock | undefined>;
  /** Asks a peer for this node's blocks; its end is told by {@link Greetings.answered}. */
  readonly ask: (peer: PublicKey) => void;
  /** Tells a peer this node's head. */
  readonly tell: (peer: PublicKey, head: HalfBlock) => Promise<void>;
}

/**
 * Asks a peer that connects what it knows of this node's chain and tells it the head, however often it connects: not the
 * same again within the cooldown. A head that it was not told is always told.
 */
export interface Greetings {
  greet(peer: PublicKey): void;
  /** A peer was asked for this node's blocks and answered, or failed to. */
  answered(peer: PublicKey, isAnswer: boolean): void;
  /** Tries again with a connected peer that did not answer, or could not be told this node's head. */
  remind(peer: PublicKey): void;
}

interface Greeting {
  askedAt: number;
  isAnswered: boolean;
  toldAt: number;
  /** Key of the head that the peer has, or is being told. */
  told: string | undefined;
  isTold: boolean;
}

/** {@link Greetings} that have greeted nobody. */
export function greetings(context: GreetingsContext): Greetings {
  const { environment, cooldownMs, retryMs } = context;
  const known = new Map<string, Greeting>();

  const greetingOf = (peer: PublicKey): Greeting => {
    const key = bytesKey(peer);
    const never = Number.NEGATIVE_INFINITY;
    const greeting = known.get(key) ?? {
      askedAt: never,
      isAnswered: false,
      toldAt: never,
      told: undefined,
      isTold: false,
    };
    known.delete(key);
    known.set(key, greeting);
    if (known.size > MAX_PEERS) forgetOldest(known);
    return greeting;
  };
  /** Also over for a clock that was set back. */
  const isOver = (since: number, isDone: boolean): boolean => {
    const passed = environment.now() - since;
    return passed < 0 || passed >= (isDone ? cooldownMs : retryMs);
  };

  const ask = (peer: PublicKey): void => {
    const greeting = greetingOf(peer);
    if (!isOver(greeting.askedAt, greeting.isAnswered)) return;
    greeting.askedAt = environment.now();
    greeting.isAnswered = false;
    context.ask(peer);
  };
  const tell = async (peer: PublicKey): Promise<void> => {
    const head = await context.head();
    if (head === undefined) return;
    const greeting = greetingOf(peer);
    const key = blockKey(head.id);
    if (greeting.told === key && !isOver(greeting.toldAt, greeting.isTold)) return;
    Object.assign(greeting, { told: key, toldAt: environment.now(), isTold: false });
    await context.tell(peer, head);
    if (greeting.told === key) greeting.isTold = true;
  };

  return {
    greet(peer) {
      ask(peer);
      // A peer that cannot be told now is told later.
      tell(peer).catch(() => {});
    },
    answered(peer, isAnswer) {
      const greeting = greetingOf(peer);
      greeting.askedAt = environment.now();
      greeting.isAnswered = isAnswer;
    },
    remind(peer) {
      const { isAnswered, told, isTold } = greetingOf(peer);
      if (!isAnswered) ask(peer);
      if (told !== undefined && !isTold) tell(peer).catch(() => {});
    },
  };
}
