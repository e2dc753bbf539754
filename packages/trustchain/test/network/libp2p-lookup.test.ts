import { type Network, singleFrame, systemEnvironment, utf8ToBytes } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { encodeFrame, libp2pNetwork, peerIdOfKey } from '@edmp/trustchain/libp2p';
import { afterEach, describe, expect, it } from 'vitest';
import { rawNode } from './raw-libp2p.ts';
import { codeOf } from './support.ts';

const environment = systemEnvironment();
const crypto = nodeCrypto();
const toStop: { stop(): Promise<void> }[] = [];
const PROTOCOL = '/edmp/test/1';
const LOOKUP = '/edmp/peers/1';

afterEach(async () => {
  await Promise.all(toStop.splice(0).map((each) => each.stop()));
});

async function started(): Promise<Network> {
  const network = libp2pNetwork({ environment, crypto, secretKey: environment.randomBytes(32) });
  toStop.push(network);
  await network.start();
  network.handle(PROTOCOL, async () => utf8ToBytes('here'));
  return network;
}

const ask = (from: Network, to: Network): Promise<Uint8Array> =>
  singleFrame(from.request(to.self, PROTOCOL, new Uint8Array(), { timeoutMs: 5_000 }));

describe('peer lookup', () => {
  it('reaches a peer that only a common acquaintance knows', async () => {
    const [alice, hub, bob] = await Promise.all([started(), started(), started()]);
    const [address = ''] = hub.addresses();
    await Promise.all([alice.connect(address), bob.connect(address)]);
    expect(alice.peers()).toHaveLength(1);
    expect(new TextDecoder().decode(await ask(alice, bob))).toBe('here');
    expect(alice.peers()).toHaveLength(2);
  });

  it('tells nothing of peers that are not connected, and says that they cannot be reached', async () => {
    const [alice, hub, gone] = await Promise.all([started(), started(), started()]);
    const [address = ''] = hub.addresses();
    await Promise.all([alice.connect(address), gone.connect(address)]);
    await gone.stop();
    expect(await codeOf(ask(alice, gone))).toBe('ERR_NETWORK_UNREACHABLE');
    const answer = await singleFrame(alice.request(hub.self, LOOKUP, gone.self));
    expect(answer).toEqual(new Uint8Array());
  });

  it.each([
    ['nothing like an address', () => utf8ToBytes('garbage\n/ip4/999.1.1.1/tcp/1\n\u0000')],
    ['bytes that are no text', () => Uint8Array.of(0xff, 0xfe, 0x00)],
    ['another peer in the wanted one’s place', (liar: Network) => utf8ToBytes(liar.addresses()[0] ?? '')],
    [
      'the liar’s address without a name',
      (liar: Network) => utf8ToBytes((liar.addresses()[0] ?? '').replace(/\/p2p\/.*/, '')),
    ],
    ['more than an answer may hold', () => new Uint8Array(100_000)],
  ])('a liar that answers %s causes no more than a failed dial', async (_what, lie) => {
    const alice = await started();
    const stranger = crypto.ed25519PublicKey(environment.randomBytes(32));
    const liar = libp2pNetwork({ environment, crypto, secretKey: environment.randomBytes(32) });
    toStop.push(liar);
    await liar.start();
    const raw = await rawNode();
    toStop.push(raw);
    await raw.libp2p.handle(LOOKUP, async (stream) => {
      for (const kind of ['data', 'end'] as const) {
        stream.send(encodeFrame(kind, kind === 'data' ? lie(liar) : new Uint8Array()));
      }
      await stream.close();
    });
    await alice.connect(raw.address());
    const answer = singleFrame(alice.request(stranger, PROTOCOL, new Uint8Array(), { timeoutMs: 3_000 }));
    expect(await codeOf(answer)).toMatch(/^ERR_(NETWORK_UNREACHABLE|TIMEOUT)$/);
    expect(alice.peers().map((peer) => peerIdOfKey(peer).toString())).not.toContain(
      peerIdOfKey(stranger).toString(),
    );
  });

  it('refuses a question that is no key', async () => {
    const [alice, hub] = await Promise.all([started(), started()]);
    await alice.connect(hub.addresses()[0] ?? '');
    for (const body of [new Uint8Array(), new Uint8Array(31), new Uint8Array(33)]) {
      expect(await codeOf(singleFrame(alice.request(hub.self, LOOKUP, body)))).toBe('ERR_NETWORK_REMOTE');
    }
    expect(await codeOf(singleFrame(alice.request(hub.self, LOOKUP, new Uint8Array(65))))).toMatch(
      /^ERR_NETWORK/,
    );
  });
});
