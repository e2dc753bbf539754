import type { EdmpError } from '@edmp/interface';
import type { Frame, FrameKind } from './framing.ts';

/** A stream of frames between two peers: what requests need from a transport. */
export interface FrameStream {
  /**
   * Sends one frame. A returned promise means that the peer is not keeping up: send the next frame when it
   * resolves. Throws or rejects with the stream's error once it is over.
   */
  send(kind: FrameKind, payload: Uint8Array): undefined | Promise<void>;
  /**
   * The next frame, or undefined after the peer's last one. One call at a time. Frames that arrived before the stream broke
   * still come out. Throws or rejects with `ERR_NETWORK_LIMIT` on a longer payload than allowed,
   * `ERR_NETWORK_PROTOCOL` on broken framing, the stream's error otherwise.
   */
  receive(maxPayloadBytes: number): Frame | undefined | Promise<Frame | undefined>;
  /** No more frames will be sent; resolves when those sent are on their way. */
  closeWrite(): Promise<void>;
  /** Ends both directions at once; everything pending here fails with `error`. */
  abort(error: EdmpError): void;
  /** Calls `listener` once when the stream is over at both ends or broken; at once if it is already. */
  onClose(listener: () => void): void;
}
