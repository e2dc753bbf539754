import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { runCli } from '../support/run-cli.ts';
import { eventually, nodeProcesses, type RunningNode } from './support/two-nodes.ts';

describe('a community', { timeout: bounds.journey }, () => {
  const processes = nodeProcesses();
  let folder: string;
  let hub: RunningNode;
  let line: string;

  const member = (name: string, ...args: string[]): Promise<RunningNode> =>
    processes.start(join(folder, name), [
      '--name',
      name,
      '--meters',
      'none',
      '--no-matchmaker',
      '--no-web',
      ...args,
    ]);
  const edmp = async (name: string, ...words: string[]): Promise<string> => {
    const run = await runCli([...words, '--data', join(folder, name)]);
    expect(run.code, run.stderr + run.stdout).toBe(0);
    return run.stdout;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edmp-community-'));
    hub = await processes.start(join(folder, 'hub'), [
      ...['--name', 'Zon & straat', '--meters', 'none', '--no-web', '--community', 'SUN'],
      ...['--listen', '/ip4/127.0.0.1/tcp/0', '--listen', '/ip4/127.0.0.1/tcp/0/ws'],
    ]);
    line = String(hub.child.ready.invitation);
  }, bounds.journey);

  afterAll(async () => {
    await processes.stopAll();
    await rm(folder, { recursive: true, force: true });
  }, bounds.journey);

  it('is told in one line, which names relay, notary and currency', async () => {
    expect(await hub.client.invitation()).toEqual({ name: 'Zon-straat', line, local: true });
    const printed = await edmp('hub', 'invite');
    expect(printed.split('\n')[0]).toBe(line);
    expect(line.match(/\+(?:relay|witness|currency)=/g)).toEqual([
      '+relay=',
      '+relay=',
      '+witness=',
      '+currency=',
    ]);
  });

  it('is joined by a node that never ran, which is then reached through the relay and trades there', async () => {
    expect(await edmp('anna', 'join', line)).toContain('Joined Zon-straat: 2 relays');
    expect(await edmp('anna', 'join')).toContain('Zon-straat');
    const anna = await member('anna', '--listen', '/ip4/127.0.0.1/tcp/0');
    const { witnessKeys } = await hub.client.info();
    const [joined] = await anna.client.communities();
    expect(joined).toMatchObject({ name: 'Zon-straat', witnesses: witnessKeys, pending: false });
    const currencies = await anna.client.currencies();
    expect(currencies.map(({ label }) => label)).toContain('SUN');
    await eventually('address through the relay', async () =>
      (await anna.client.info()).addresses.find((address) => address.includes('/p2p-circuit')),
    );
    const peer = await eventually('hub among the peers', async () =>
      (await anna.client.peers()).find(({ key }) => key === hub.key),
    );
    expect(peer.ways[0]).toMatchObject({ direction: 'outbound', relay: null });
    expect(await edmp('anna', 'peers')).toMatch(new RegExp(`${hub.key} +direct`));
  });

  it('is joined while a node runs, and left', async () => {
    const bob = await member('bob');
    expect(await edmp('bob', 'join', line)).toContain('connects to them now');
    await eventually('hub among the peers', async () =>
      (await bob.client.peers()).find(({ key }) => key === hub.key),
    );
    expect(await bob.client.communities()).toMatchObject([{ name: 'Zon-straat', pending: true }]);
    expect((await bob.client.invitation()).line).toBe(line);
    await edmp('bob', 'join', '--leave', 'Zon-straat');
    expect(await bob.client.communities()).toEqual([]);
    await expect(bob.client.invitation()).rejects.toMatchObject({ code: 'ERR_NODE_CONFLICT' });
    await expect(bob.client.joinCommunity('edmp:1+name=x')).rejects.toMatchObject({
      code: 'ERR_NODE_CONFIG',
    });
    await expect(hub.client.joinCommunity(line)).rejects.toMatchObject({ code: 'ERR_NODE_CONFLICT' });
  });
});
