import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as entry from '../../src/libp2p.ts';
import { isMissingLibp2p, LIBP2P_PEERS, missingLibp2p } from '../../src/network/libp2p/missing-peers.ts';
import * as parts from '../../src/network/libp2p/static.ts';

describe('the peers of the network over libp2p', () => {
  it('are named in the versions that package.json asks for, all of them', () => {
    const { peerDependencies, peerDependenciesMeta } = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
    ) as { peerDependencies: object; peerDependenciesMeta: object };
    expect(LIBP2P_PEERS).toEqual(peerDependencies);
    expect(Object.keys(peerDependenciesMeta)).toEqual(Object.keys(LIBP2P_PEERS));
    const cause = new Error('x');
    const error = missingLibp2p(cause);
    expect(error).toMatchObject({ code: 'ERR_NETWORK_PROVIDER', cause, retryable: false });
    for (const [name, range] of Object.entries(LIBP2P_PEERS))
      expect(error.message).toContain(`"${name}@${range}"`);
  });

  it.each([
    ['Node', 'ERR_MODULE_NOT_FOUND', "Cannot find package '@libp2p/crypto' imported from /x/a.js", true],
    ['Bun', 'ERR_MODULE_NOT_FOUND', "Cannot find package 'libp2p' from '/x/a.js'", true],
    [
      'Deno',
      'ERR_MODULE_NOT_FOUND',
      'Could not find package "@multiformats/multiaddr" from "file:///x".',
      true,
    ],
    ['a part of one', 'ERR_MODULE_NOT_FOUND', "Cannot find module '@libp2p/crypto/keys' from '/x.js'", true],
    [
      'what a peer lacks itself',
      'ERR_MODULE_NOT_FOUND',
      "Cannot find package 'uint8arrays' imported from /x/node_modules/@libp2p/crypto/keys.js",
      false,
    ],
    ['a broken one', undefined, "'@libp2p/crypto': unexpected", false],
  ])('are told missing from broken: %s', (_, code, message, expected) => {
    expect(isMissingLibp2p(Object.assign(new Error(message), { code }))).toBe(expected);
  });

  it('come with the same names where they are imported statically', () => {
    expect(Object.keys(parts).sort()).toEqual(Object.keys(entry).sort());
    for (const [name, value] of Object.entries(parts))
      expect(Object.entries(entry)).toContainEqual([name, value]);
  });
});
