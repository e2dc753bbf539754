// biome-ignore-all format: printed in the README as it is
import { systemEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { price } from '@edmp/market';
import { branch, createOehuClient, intervalSeries, oehuSource } from '@edmp/oehu-client';
import { startOehuEmulator } from '@edmp/oehu-client/emulator';
import { createTrader } from '@edmp/trader';
import { simulatedNetworks } from '@edmp/trustchain/simulated';

const environment = systemEnvironment();
const { create: network } = simulatedNetworks({ environment }); // or libp2pNetwork(…) between machines
const options = { network, environment, witnesses: { allowNone: true } }; // two alone have nobody else to trust
const [alice, bob] = [await createTrader(options), await createTrader(options)];
await bob.network.connect(alice.network.addresses()[0] ?? '');

// Alice reads a day of her meter and splits it: what anyone may see, and what is sold.
const meter = await startOehuEmulator({ seed: 7, households: 1, days: 1 });
const source = oehuSource(createOehuClient({ baseUrl: meter.url, crypto: nodeCrypto(), environment }));
const period = { from: meter.start, to: meter.now() };
const readings = await Array.fromAsync(source.readings((await source.devices())[0]?.id ?? '', period));
const day = intervalSeries(readings, { ...period, commodity: 'electricity', flow: 'import', step: 'PT15M', zone: 'Europe/Amsterdam' });
const hidden = { accuracy: 100_000, location: null, household: null, consent: null, listing: '1', pseudonymKey: environment.randomBytes(32) };
const terms = { title: 'One day', licence: 'EDMP-personal-1', purposes: ['research'] };
const data = await alice.settlement.addDataset(branch(day, { ...hidden, ...terms }));

bob.market.on(async (event) => {
  if (event.type === 'listing' && event.change === 'added') {
    await bob.market.buy({ asset: data.asset, price: price('DUM1', 10), lifetimeMs: 60_000 });
  } else if (event.type === 'trade' && event.trade.state === 'completed') {
    const { consumption } = await bob.market.delivery(event.trade.id);
    console.log(`Bob has ${consumption.values.length} values; ${String(consumption.values) === String(day.values)}`); // Bob has 96 values; true
    await Promise.all([alice.stop(), bob.stop(), meter.stop()]);
  }
});
await alice.market.sell({ document: data.document, price: price('DUM1', 10), supply: 1, lifetimeMs: 60_000 });
