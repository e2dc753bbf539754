import { memoryKeyValueStore } from '@edmp/interface';
import { expect, it } from 'vitest';
import { openDirectory } from '../src/notary/directory.ts';
import { openNotary } from '../src/notary/notary.ts';
import { crypto } from './support/money.ts';
import { judge, notaryWorld } from './support/notary-world.ts';

/** Two nodes that are connected before one of them serves as a notary, as two processes that start together are. */
async function connectedTooEarly() {
  const world = await notaryWorld();
  const { environment } = world;
  const network = world.networks.create();
  await network.start();
  const user = await world.user();
  world.link({ network }, user);
  await environment.advance(1_000);
  const notary = await openNotary({
    store: memoryKeyValueStore(),
    crypto,
    environment,
    network,
    directory: openDirectory({ network, crypto, environment }),
    judge,
  });
  return { environment, user, key: notary.keys()[0]!, self: network.self };
}

it('finds a key within a second or two of its notary’s start, also of a node that was asked too early', async () => {
  const { environment, user, key, self } = await connectedTooEarly();
  const started = environment.now();
  let found = await environment.run(user.directory.find(key));
  while (found === undefined && environment.now() - started < 60_000) {
    await environment.advance(250);
    found = await environment.run(user.directory.find(key));
  }
  expect(found).toEqual(self);
  expect(environment.now() - started).toBeLessThan(2_500);
});

it('is not kept from a key by a caller that left in the middle of the question', async () => {
  const { environment, user, key, self } = await connectedTooEarly();
  await environment.advance(35_000);
  const leaving = new AbortController();
  const asked = user.directory.find(key, { signal: leaving.signal });
  leaving.abort();
  await environment.run(asked);
  await environment.advance(1_000);
  expect(await environment.run(user.directory.find(key))).toEqual(self);
});

it('asks a peer that serves nobody less and less often', async () => {
  const world = await notaryWorld();
  let asked = 0;
  const silent = world.networks.create();
  await silent.start();
  const user = await world.user();
  const request = user.network.request.bind(user.network);
  const counting = openDirectory({
    network: Object.assign(Object.create(user.network), {
      request: (...args: Parameters<typeof request>) => {
        asked++;
        return request(...args);
      },
    }),
    crypto,
    environment: world.environment,
  });
  world.link({ network: silent }, user);
  for (let i = 0; i < 1_200; i++) {
    await world.environment.run(counting.find(silent.self));
    await world.environment.advance(100);
  }
  expect(asked).toBeGreaterThan(3);
  expect(asked).toBeLessThan(12);
});
