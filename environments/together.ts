import {
  type AssetId,
  isEdmpError,
  type PublicKey,
  publicKeyToHex,
  systemEnvironment,
  type Trustchain,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { type Market, type MarketEvent, price } from '@edmp/market';
import { createNodeClient, type NodeClient, type NodeEvent } from '@edmp/node/client';
import { createTrader, type Trader } from '@edmp/trader';
import { simulatedNetworks } from '@edmp/trustchain/simulated';
import { describeChain } from '@edmp/trustchain/tools';

/**
 * Several packages in one program: what one of them gives, another takes without a cast; what stops has
 * `Symbol.asyncDispose`; what waits is left by a signal; events are read in a loop.
 */
const environment = systemEnvironment();
const { create: network } = simulatedNetworks({ environment });

/** The ids of one package are those of the other. */
async function blocksOf(chain: Trustchain, author: PublicKey): Promise<number> {
  const described = await describeChain(chain.store, author, {
    crypto: nodeCrypto(),
    now: environment.now(),
  });
  return described.blocks;
}

/** How a loop over events ends when it is aborted; an event has the type that the package names. */
async function firstOf(market: Market): Promise<string> {
  const stop = new AbortController();
  const read = async (): Promise<string> => {
    for await (const event of market.events({ signal: stop.signal })) {
      const seen: MarketEvent = event;
      return seen.type;
    }
    return 'none';
  };
  const outcome = read().catch((error: unknown) => (isEdmpError(error) ? error.code : String(error)));
  stop.abort();
  return outcome;
}

/** Only for the compiler: the client of a node knows assets and events by the same types. */
export async function listed(client: NodeClient, asset: AssetId): Promise<readonly string[]> {
  for await (const event of client.events({ signal: AbortSignal.timeout(1) })) {
    const seen: NodeEvent = event;
    console.log(seen.type);
  }
  return (await client.listings({ asset })).map((listing) => listing.asset);
}

// `await using`, as Node 22 can read it.
const trader: Trader & AsyncDisposable = await createTrader({
  network,
  environment,
  witnesses: { allowNone: true },
});
console.log(`key: ${publicKeyToHex(trader.key).length}`);
console.log(`blocks: ${await blocksOf(trader.trustchain, trader.key)}`);
console.log(`price: ${price('DUM1', 10).amount}`);
console.log(`events: ${await firstOf(trader.market)}`);

const client = createNodeClient({ url: 'http://127.0.0.1:9', token: 'none' });
const refused = await client.meters({ signal: AbortSignal.abort() }).catch((error: unknown) => error);
console.log(`aborted: ${isEdmpError(refused) ? refused.code : String(refused)}`);
await trader[Symbol.asyncDispose]();
