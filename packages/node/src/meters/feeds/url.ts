import { nodeCrypto } from '@edmp/interface/crypto/node';
import { readMeterUrl } from '@edmp/oehu-client/sources';
import type { FeedParts, MeterFeed } from '../feed.ts';
import { keptOf } from '../kept.ts';
import { eachRound } from './rounds.ts';

const DEFAULT_SECONDS = 900;
const MAX_BYTES = 64 << 20;

/** Any meter file behind an address, fetched every quarter of an hour unless told otherwise. */
export function urlFeed({ settings, environment, zone }: FeedParts): MeterFeed {
  return {
    async run(sink, signal) {
      await eachRound(environment, (settings.every ?? DEFAULT_SECONDS) * 1000, signal, async () => {
        const file = await readMeterUrl(settings.address ?? '', {
          environment,
          signal,
          zone,
          crypto: nodeCrypto(),
          maxBytes: MAX_BYTES,
          retry: { attempts: 1 },
        });
        for (const issue of file.issues.slice(0, 1)) sink.damaged(`${issue.at}: ${issue.message}`);
        await sink.readings(keptOf(file));
      });
    },
  };
}
