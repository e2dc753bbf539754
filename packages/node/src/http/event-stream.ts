import { bytesToHex, type Environment } from '@edmp/interface';
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
  /** Events that are kept for readers who come back. Default 1 000. */
  readonly maxKept?: number;
  /** Events that may wait for a slow reader before it is cut off; it then reconnects and reloads. Default 1 000. */
  readonly maxWaiting?: number;
}

/** What a reader asks of a stream. */
export interface StreamChoice {
  /** Also events `live`: the power of the mounted meters, at most one a second each. */
  readonly live?: boolean;
  /** Id of the last event that the reader has: `Last-Event-ID`. */
  readonly after?: string;
}

/** Opens streams of one node's events. */
export interface EventStreams {
  /** Throws `ERR_HTTP_BUSY` (429) when too many are open. */
  stream(choice?: StreamChoice): ReadableStream<Uint8Array>;
  /** How many are open. */
  readonly open: number;
}

/**
 * Server-sent event streams (WHATWG HTML §9.2): first an event `ready`, then every event of the service with an id, and `time` every
 * now and then; `ready` and `time` carry the node's clock. A reader that comes back with the id of its last event is
 * given what it missed, and `ready` says `resumed`; when that is not kept any more, it reloads what it shows.
 */
export function eventStreams(options: EventStreamOptions): EventStreams {
  const { service, environment } = options;
  const maxStreams = options.maxStreams ?? 32;
  const heartbeatMs = options.heartbeatMs ?? 15_000;
  const maxWaiting = options.maxWaiting ?? 1_000;
  const history = eventHistory(options);
  const encoder = new TextEncoder();
  let open = 0;
  const sayTime = (event: 'ready' | 'time', resumed?: true): string =>
    `event: ${event}\ndata: ${JSON.stringify(z.encode(clock, { now: environment.now(), ...(resumed && { resumed }) }))}\n\n`;

  const stream = ({ live = false, after }: StreamChoice = {}): ReadableStream<Uint8Array> => {
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
          const forget = history.on(send);
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
          const missed = after === undefined ? undefined : history.after(after);
          send(sayTime('ready', missed === undefined ? undefined : true));
          if (missed !== undefined && missed.length > 0) send(missed.join(''));
        },
        cancel: close,
      },
      { highWaterMark: 1 },
    );
  };
  return {
    stream,
    get open() {
      return open;
    },
  };
}

/** The last events as they are sent, each with an id that no other run of a node gives. */
interface EventHistory {
  on(listener: (text: string) => void): () => void;
  /** What came after an event; undefined when that is not known any more. */
  after(id: string): readonly string[] | undefined;
}

/** Listens to the service from the first reader on. */
function eventHistory({ service, environment, maxKept = 1_000 }: EventStreamOptions): EventHistory {
  const run = bytesToHex(environment.randomBytes(6));
  const kept: string[] = [];
  const listeners = new Set<(text: string) => void>();
  let count = 0;
  let isListening = false;
  const listen = (): void => {
    if (isListening) return;
    isListening = true;
    service.on((event: NodeEvent) => {
      count += 1;
      const text = `id: ${run}-${count}\ndata: ${JSON.stringify(z.encode(nodeEvent, event))}\n\n`;
      kept.push(text);
      if (kept.length > maxKept) kept.shift();
      for (const listener of [...listeners]) listener(text);
    });
  };
  return {
    on(listener) {
      listen();
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    after(id) {
      const [, of, digits] = /^([0-9a-f]{12})-(\d{1,15})$/.exec(id) ?? [];
      const missed = count - Number(digits);
      if (of !== run || missed < 0 || missed > kept.length) return undefined;
      return missed === 0 ? [] : kept.slice(-missed);
    },
  };
}
