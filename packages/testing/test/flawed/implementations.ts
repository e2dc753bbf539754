/** Implementations with one fault each, given to the suites: every one of them has to fail. */
import { createSettlement, memoryContentStore } from '@edmp/data-settlement';
import {
  type Crypto,
  type KeyValueStore,
  memoryKeyValueStore,
  type Network,
  publicKeyToHex,
  Quality,
  type Settlement,
  softwareSigner,
  virtualEnvironment,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { dummyBank } from '@edmp/market/wallet';
import { readMeterFile } from '@edmp/oehu-client';
import { fileSource } from '@edmp/oehu-client/sources';
import {
  blockStoreSuite,
  collectAll,
  contentStoreSuite,
  cryptoSuite,
  keyValueStoreSuite,
  meterSourceSuite,
  networkSuite,
  settlementSuite,
  signerSuite,
  walletSuite,
} from '@edmp/testing';
import { createWorld } from '@edmp/testing/world';
import { emptyDisk, fabricateBlock, listBlockStore } from '../support/memory-blocks.ts';
import { mapContentStore } from '../support/memory-content.ts';
import { memoryHub } from '../support/memory-network.ts';

const crypto = nodeCrypto({ threads: false });

keyValueStoreSuite({
  name: 'hands out the bytes it keeps',
  async create() {
    const kept = new Map<string, Uint8Array>();
    const sound = memoryKeyValueStore();
    const store: KeyValueStore = {
      ...sound,
      async set(key, value) {
        kept.set(key, value);
        await sound.set(key, value);
      },
      async get(key) {
        const value = await sound.get(key);
        return value && (kept.get(key) ?? value);
      },
    };
    return { store, close: () => sound.close() };
  },
});

signerSuite({
  name: 'signs the first 100 bytes',
  crypto,
  async create() {
    const sound = softwareSigner({ crypto, secretKey: new Uint8Array(32).fill(5) });
    return { publicKey: sound.publicKey, sign: (message) => sound.sign(message.subarray(0, 100)) };
  },
});

cryptoSuite({
  name: 'takes the key of small order',
  create(): Crypto {
    return {
      ...crypto,
      ed25519Verify: (signature, message, key) =>
        crypto.ed25519Verify(signature, message, key) || key[0] === 1,
    };
  },
});

contentStoreSuite({
  name: 'does not check what it reads',
  async create() {
    const environment = virtualEnvironment();
    const disk = { blocks: new Map(), pins: new Set<string>() };
    const sound = mapContentStore(environment, disk);
    return {
      store: { ...sound, get: async (cid) => disk.blocks.get(cid.toString())?.bytes ?? sound.get(cid) },
      advance: (ms) => environment.advance(ms),
      async corrupt(cid) {
        const held = disk.blocks.get(cid.toString());
        held.bytes = held.bytes.with(0, held.bytes[0] ^ 1);
      },
      close: () => sound.close(),
    };
  },
});

blockStoreSuite({
  name: 'keeps one branch of a fork',
  fabricate: fabricateBlock,
  async create() {
    const sound = listBlockStore(emptyDisk());
    const store = {
      ...sound,
      at: async (author: Parameters<typeof sound.at>[0], seq: number) =>
        (await sound.at(author, seq)).slice(0, 1),
    };
    return { store, close: () => sound.close() };
  },
});

blockStoreSuite({
  name: 'shows in a snapshot what came later',
  fabricate: fabricateBlock,
  async create() {
    const sound = listBlockStore(emptyDisk());
    const store: typeof sound = { ...sound, snapshot: (read) => read(sound) };
    return { store, close: () => sound.close() };
  },
});

blockStoreSuite({
  name: 'looks at no fence',
  fabricate: fabricateBlock,
  async create() {
    const disk = emptyDisk();
    const sound = listBlockStore(disk);
    const store: typeof sound = {
      ...sound,
      reserve: (author, ...asked) => {
        const fence = disk.leases.get(publicKeyToHex(author))?.fence;
        const [first, ...more] = asked.map((one) => ({ ...one, ...(fence === undefined ? {} : { fence }) }));
        return first === undefined ? Promise.resolve() : sound.reserve(author, first, ...more);
      },
    };
    return { store, close: () => sound.close() };
  },
});

networkSuite({
  name: 'ignores abort signals',
  async create(count, topology) {
    const environment = virtualEnvironment();
    const hub = memoryHub(environment);
    const sound = Array.from({ length: count }, (_, i) => hub.network(i));
    for (const [i, a] of sound.entries()) {
      for (const [j, b] of sound.entries()) {
        const linked = topology === 'mesh' ? i < j : topology === 'line' && j === i + 1;
        if (linked) await environment.run(a.connect(b.addresses()[0]!));
      }
    }
    const networks = sound.map(
      (network): Network => ({
        ...network,
        request: (peer, protocol, body, options) =>
          network.request(peer, protocol, body, { ...options, signal: undefined }),
      }),
    );
    const drive = <T>(body: Promise<T>): Promise<T> => environment.run(body);
    const close = async (): Promise<void> => {
      for (const network of sound) await network.stop();
    };
    return { networks, environment, drive, close };
  },
});

walletSuite({
  name: 'does not show what it pays',
  async create() {
    const environment = virtualEnvironment({ seed: 7 });
    const bank = dummyBank({ environment, minUnit: 5n });
    const payer = bank.wallet('alice', 10_000n);
    const before = await payer.balance();
    return {
      payer: { ...payer, balance: async () => before },
      payee: bank.wallet('bob', 3n),
      settle: () => environment.advance(0),
      close: async () => {},
    };
  },
});

meterSourceSuite({
  name: 'reads backwards',
  async create() {
    const from = Date.UTC(2026, 0, 10);
    const records = Array.from({ length: 9 }, (_, i) => ({
      n: '1-0:1.8.0',
      u: 'Wh',
      t: from / 1000 + i * 900,
      v: 1000 + i * 50,
    }));
    const sound = fileSource([readMeterFile(new TextEncoder().encode(JSON.stringify(records)))]);
    const source = {
      ...sound,
      async *readings(...call: Parameters<typeof sound.readings>) {
        yield* (await collectAll(sound.readings(...call))).reverse();
      },
    };
    return { source, device: 'file', from, to: from + 8 * 900_000 };
  },
});

/** Faults of a settlement: the method that has it, over a sound one. */
const faults: Readonly<Record<string, (sound: Settlement) => Partial<Settlement>>> = {
  'believes every complaint': () => ({ judge: () => ({ guilty: true, kind: 'any', reason: 'so they say' }) }),
  'never finds anybody guilty': () => ({ judge: () => ({ guilty: false, kind: 'any', reason: 'no' }) }),
  'takes any delivery': () => ({ receive: async () => {} }),
};
for (const [name, fault] of Object.entries(faults)) {
  settlementSuite({
    name,
    async create() {
      const world = createWorld({ crypto });
      const { environment } = world;
      const party = async () => {
        const { self, network } = await world.peer();
        const content = memoryContentStore({ crypto, environment });
        const sound = createSettlement({
          crypto,
          environment,
          network,
          content,
          secrets: memoryKeyValueStore(),
        });
        return { self, sound, settlement: { ...sound, ...fault(sound) } };
      };
      const [seller, buyer, stranger] = [await party(), await party(), await party()];
      const values = Array.from({ length: 24 }, (_, i) => i * 1000);
      const consumption = { values, quality: new Uint8Array(24).fill(Quality.measured), offsetMinutes: 0 };
      const { asset, document } = await seller.sound.addDataset({
        descriptor: {
          commodity: 'electricity',
          flow: 'import',
          unit: 'uKWh',
          step: 'PT1H',
          zone: 'Europe/Amsterdam',
          from: '2026-01-01',
          to: '2026-01-01',
          count: 24,
          gaps: 0,
          cell: null,
          household: null,
          attestation: 'unsigned',
          verified: 0,
          pseudonym: new Uint8Array(16),
          licence: 'EDMP-personal-1',
          purposes: ['research'],
          consent: null,
          title: 'A day',
        },
        consumption,
      });
      return {
        seller,
        buyer,
        stranger,
        asset,
        document,
        consumption,
        drive: (body) => environment.run(body),
        close: () => world.stop(),
      };
    },
  });
}
