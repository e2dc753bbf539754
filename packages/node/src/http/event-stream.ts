import type { Environment } from '@edmp/interface';
import * as z from 'zod';
import type { NodeEvent, NodeService } from '../service.ts';
import { HttpError } from './failure.ts';
import { live as liveView } from './meter-views.ts';
import { clock, nodeEvent } from './views.ts';

/** Options of {@link eventStreams}. */
export interface EventStreamOptions {
  readonly service: Pick<NodeService, 'on' | 'onLive'>;
  readonly environment: Environment;
  /** Streams open at once. Default 32. */
  readonly maxStreams?: number;
  /** Pause between events `time`, which keep the connection alive and tell the node's clock, ms. Default 15 000. */
  readonly heartbeatMs?: number;
  /** Events that may wait for a slow reader before it is cut off; it then reconnects and reloads. Default 1 000. */
  readonly maxWaiting?: number;
}

/**
 * Opens server-sent event streams (WHATWG HTML §9.2): first an event `ready`, then every event of the service, and
 * `time` every now and then; `ready` and `time` carry the node's clock. Nothing is replayed; a client reloads what it
 * shows on each `ready`. With `live` also events `live`: the power of the mounted meters, at most one a second each. Throws `ERR_HTTP_BUSY` (429) when too many are open.
 */
export function eventStreams(
  options: EventStreamOptions,
): (choice?: { readonly live?: boolean }) => ReadableStream<Uint8Array> {
  const { service, environment } = options;
  const maxStreams = options.maxStreams ?? 32;
  const heartbeatMs = options.heartbeatMs ?? 15_000;
  const maxWaiting = options.maxWaiting ?? 1_000;
  const encoder = new TextEncoder();
  let open = 0;
  const sayTime = (event: 'ready' | 'time'): string =>
    `event: ${event}\ndata: ${JSON.stringify(z.encode(clock, { now: environment.now() }))}\n\n`;

  return ({ live = false } = {}) => {
    if (open >= maxStreams) {
      throw new HttpError(
        429,
        'ERR_HTTP_BUSY',
        `At most ${maxStreams} event streams at once; close one first`,
      );
    }
    open += 1;
    let closed = false;
    let stop = (): void => {};
    const close = (): void => {
      if (closed) return;
      closed = true;
      open -= 1;
      stop();
    };
    return new ReadableStream<Uint8Array>(
      {
        start(controller) {
          const send = (text: string): void => {
            if (closed) return;
            if (-(controller.desiredSize ?? 0) > maxWaiting) {
              close();
              controller.close();
              return;
            }
            controller.enqueue(encoder.encode(text));
          };
          const forget = service.on((event: NodeEvent) => {
            send(`data: ${JSON.stringify(z.encode(nodeEvent, event))}\n\n`);
          });
          const forgetLive = live
            ? service.onLive((power) => {
                send(`event: live\ndata: ${JSON.stringify(z.encode(liveView, power))}\n\n`);
              })
            : (): void => {};
          let cancel = (): void => {};
          const beat = (): void => {
            send(sayTime('time'));
            if (!closed) cancel = environment.schedule(heartbeatMs, beat);
          };
          cancel = environment.schedule(heartbeatMs, beat);
          stop = () => {
            forget();
            forgetLive();
            cancel();
          };
          send(sayTime('ready'));
        },
        cancel: close,
      },
      { highWaterMark: 1 },
    );
  };
}
