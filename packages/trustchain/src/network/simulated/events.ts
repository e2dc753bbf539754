import type { PublicKey } from '@edmp/interface';

/** What happens in a simulation, in the order in which it happens. */
export interface SimulatedEvent {
  /** Virtual time, ms since the epoch. */
  readonly time: number;
  readonly type:
    | 'start'
    | 'stop'
    | 'crash'
    | 'connect'
    | 'disconnect'
    | 'partition'
    | 'heal'
    | 'request'
    | 'frame'
    | 'reset'
    | 'publish'
    | 'deliver'
    | 'lose'
    | 'duplicate';
  readonly from?: PublicKey;
  readonly to?: PublicKey;
  /** Protocol or topic. */
  readonly name?: string;
  /** Size of what was sent. */
  readonly bytes?: number;
}

/** One frame or message that a lying peer is about to send. */
export interface OutgoingFrame {
  readonly from: PublicKey;
  readonly to: PublicKey;
  readonly kind: 'request' | 'response' | 'topic';
  /** Protocol or topic. */
  readonly name: string;
  readonly body: Uint8Array;
}

/** Alters what a peer sends: returns what to send instead, several things, or undefined for nothing at all. */
export type TamperHook = (frame: OutgoingFrame) => Uint8Array | readonly Uint8Array[] | undefined;

/** How topic messages fare on every hop; each number is a probability from 0 to 1. */
export interface TopicFaults {
  /** The message is lost. Default 0. */
  readonly loss: number;
  /** It arrives twice. Default 0. */
  readonly duplication: number;
  /** It is held back while later ones overtake it. Default 0. */
  readonly reordering: number;
}
