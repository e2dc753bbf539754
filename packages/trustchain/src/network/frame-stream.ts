import type { EdmpError } from '@edmp/interface';
import type { Frame, FrameKind } from './framing.ts';

/** Bytes that a peer may send where nothing is read any more, before the stream is ended. */
export const MAX_IGNORED_BYTES: number = 64 * 1024;

/** A stream of frames between two peers: what requests need from a transport. */
export interface FrameStream {
  /**
   * Sends one frame. A returned promise means that the peer is not keeping up: send the next frame when it
   * resolves. Throws or rejects with the stream's error once it is over. Parts of an answer (`data`) may be kept for the rest
   * of a turn, to go out together.
   */
  send(kind: FrameKind, payload: Uint8Array): undefined | Promise<void>;
  /** Bytes sent that are still held in this process, because the peer does not keep up or more is to go with them. */
  readonly unsent: number;
  /**
   * The next frame, or undefined after the peer's last one. One call at a time. Frames that arrived before the stream broke
   * still come out. Throws or rejects with `ERR_NETWORK_LIMIT` on a longer payload than allowed,
   * `ERR_NETWORK_PROTOCOL` on broken framing, the stream's error otherwise, and with whatever `announced` throws: it is
   * called with the length of the payload as soon as that is known, before the payload is kept.
   */
  receive(
    maxPayloadBytes: number,
    announced?: (payloadBytes: number) => void,
  ): Frame | undefined | Promise<Frame | undefined>;
  /** Nothing more will be received: what still arrives is thrown away, and too much of it ends the stream. */
  ignoreRest(): void;
  /** No more frames will be sent. A returned promise resolves when those sent are on their way. */
  closeWrite(): undefined | Promise<void>;
  /** Ends both directions at once; everything pending here fails with `error`. */
  abort(error: EdmpError): void;
  /** Calls `listener` once when the stream is over at both ends or broken; at once if it is already. */
  onClose(listener: () => void): void;
}
