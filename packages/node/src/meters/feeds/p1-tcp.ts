import { connect } from 'node:net';
import { MeterError } from '@edmp/oehu-client';
import type { FeedParts, MeterFeed } from '../feed.ts';
import { feedBudget, P1_LIMITS } from './feed-budget.ts';
import { readP1 } from './p1-feed.ts';

/** Longest wait for a connection, and for the next bytes: meters tell a telegram every 1 to 10 s, some every 30. */
const SILENCE_MS = 90_000;

/** A P1 port behind a serial server such as ser2net: `tcp://HOST:PORT`, bytes as the port gives them. */
export function p1Tcp({ settings, environment, zone }: FeedParts): MeterFeed {
  const { hostname, port } = new URL(settings.address ?? '');
  const budget = feedBudget(environment, P1_LIMITS);
  return {
    async run(sink, signal) {
      const host = hostname.replace(/^\[|\]$/g, '');
      const socket = connect({ host, port: Number(port), signal, noDelay: true });
      // A peer that went away without a word would keep the node waiting for good.
      socket.setTimeout(SILENCE_MS, () =>
        socket.destroy(new Error(`nothing came for ${SILENCE_MS / 1000} s`)),
      );
      socket.setKeepAlive(true, 30_000);
      try {
        await readP1(socket, sink, { environment, zone, key: settings.token, budget, signal });
      } catch (cause) {
        if (cause instanceof MeterError) throw cause;
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new MeterError(
          'ERR_METER_UNREACHABLE',
          `The P1 port at ${host}:${port} cannot be read: ${why}`,
          {
            cause,
            retryable: true,
          },
        );
      } finally {
        socket.destroy();
      }
    },
  };
}
