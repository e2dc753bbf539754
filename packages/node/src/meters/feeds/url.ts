import { withMeterUrl } from '@edmp/oehu-client/sources';
import type { FeedParts, MeterFeed } from '../feed.ts';
import { eachRound } from './rounds.ts';

const DEFAULT_SECONDS = 900;
const MAX_BYTES = 64 << 20;

/** Any meter file behind an address, fetched every quarter of an hour unless told otherwise. */
export function urlFeed({ settings, environment, zone, reader }: FeedParts): MeterFeed {
  return {
    async run(sink, signal) {
      await eachRound(environment, (settings.every ?? DEFAULT_SECONDS) * 1000, signal, async () => {
        await withMeterUrl(
          settings.address ?? '',
          { environment, signal, zone, maxBytes: MAX_BYTES, retry: { attempts: 1 } },
          (bytes, { receivedAt, maxBytes }) =>
            reader.read(
              bytes,
              { zone, ...(receivedAt === undefined ? {} : { receivedAt }), maxBytes: maxBytes ?? MAX_BYTES },
              async ({ issues, readings }) => {
                for (const issue of issues.slice(0, 1)) sink.damaged(`${issue.at}: ${issue.message}`);
                for await (const some of readings) await sink.readings(some);
              },
              { signal },
            ),
        );
      });
    },
  };
}
