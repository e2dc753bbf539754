import { EdmpError, type Environment, isEdmpError } from '@edmp/interface';
import { readEvents } from '../http/event-reader.ts';
import { live } from '../http/meter-views.ts';
import { clock, nodeEvent } from '../http/views.ts';
import type { LiveView } from '../meter-service.ts';
import type { NodeEvent } from '../service.ts';
import { parseAnswer, type Transport } from './transport.ts';

const FIRST_PAUSE_MS = 500;
const LAST_PAUSE_MS = 10_000;

/** Options of {@link NodeClient.follow}. */
export interface FollowOptions {
  /**
   * Called whenever the stream has (re)started, with the node's clock (ms since the epoch): reload what you show, for
   * events may have been missed, unless `resumed`: then everything that was missed is told now.
   */
  readonly onReady?: (now: number, resumed: boolean) => void;
  /** Called with the node's clock (ms since the epoch) every now and then while the stream is open. */
  readonly onTime?: (now: number) => void;
  readonly onEvent?: (event: NodeEvent) => void;
  /** Called with the power of the mounted meters, at most once a second each. */
  readonly onLive?: (live: LiveView) => void;
  /** Called when the stream broke; it is opened again after a pause of 0.5 s, doubling up to 10 s. */
  readonly onLost?: (error: EdmpError) => void;
}

/** Follows a node's stream of events until the returned function is called. */
export function followStream(
  transport: Transport,
  environment: Environment,
  listener: FollowOptions,
): () => void {
  const controller = new AbortController();
  let cancelPause = (): void => {};
  let pause = FIRST_PAUSE_MS;
  let last = '';
  const attempt = async (): Promise<void> => {
    try {
      const response = await transport.open(
        `/v1/events${listener.onLive === undefined ? '' : '?live=true'}`,
        {
          headers: { Accept: 'text/event-stream', ...(last === '' ? {} : { 'Last-Event-ID': last }) },
          signal: controller.signal,
        },
      );
      for await (const message of readEvents(response.body)) {
        if (controller.signal.aborted) return;
        if (message.event === 'ready') {
          pause = FIRST_PAUSE_MS;
          const { now, resumed } = clock.parse(parseAnswer(message.data));
          if (resumed !== true) last = '';
          listener.onReady?.(now, resumed === true);
        } else if (message.event === 'time') {
          listener.onTime?.(clock.parse(parseAnswer(message.data)).now);
        } else if (message.event === 'live') {
          listener.onLive?.(live.parse(parseAnswer(message.data)));
        } else if (message.event === 'message') {
          // An event of any other name is of a newer node, for newer clients.
          listener.onEvent?.(nodeEvent.parse(parseAnswer(message.data)));
          if (message.id !== '') last = message.id;
        }
      }
      throw new EdmpError('ERR_HTTP_UNREACHABLE', 'The node ended the stream of events', {
        retryable: true,
      });
    } catch (error) {
      if (controller.signal.aborted) return;
      listener.onLost?.(
        isEdmpError(error)
          ? error
          : new EdmpError('ERR_HTTP_UNREACHABLE', 'The stream of events broke', {
              cause: error,
              retryable: true,
            }),
      );
      cancelPause = environment.schedule(pause, () => void attempt());
      pause = Math.min(LAST_PAUSE_MS, pause * 2);
    }
  };
  void attempt();
  return () => {
    cancelPause();
    controller.abort();
  };
}
