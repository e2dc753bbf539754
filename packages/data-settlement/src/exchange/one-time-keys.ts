import { bytesToHex, type Crypto, type Environment, equalBytes, type KeyValueStore } from '@edmp/interface';
import { mutex } from '@edmp/interface/bounded';
import type { HpkeCrypto } from '@edmp/interface/hpke';
import { bytesOf, decodeBounded, encodeFields, integerOf, mapOf } from '../codec/fields.ts';
import { SettlementError } from '../errors.ts';
import type { KeySuite } from '../sealing/key-suite.ts';
import { recordKey } from './records.ts';

/** A key that no delivery has used within this time is destroyed: its negotiation came to nothing. */
export const UNUSED_KEY_LIFETIME_MS: number = 30 * 86_400_000;
const SWEEP_INTERVAL_MS = 86_400_000;

interface OneTimeRecord {
  readonly secret: Uint8Array;
  /** When the key was made, ms. */
  readonly time: number;
  /** The one trade that uses it; null = none yet. */
  readonly trade: Uint8Array | null;
}

function decode(bytes: Uint8Array): OneTimeRecord {
  const map = mapOf(
    decodeBounded(bytes, 256, 'stored one-time key'),
    ['v', 'secret', 'time', 'trade'],
    'stored one-time key',
  );
  integerOf(map.v, 1, 1, 'stored one-time key.v');
  return {
    secret: bytesOf(map.secret, 32, 'stored one-time key.secret'),
    time: integerOf(map.time, 0, Number.MAX_SAFE_INTEGER, 'stored one-time key.time'),
    trade: map.trade === null ? null : bytesOf(map.trade, 32, 'stored one-time key.trade'),
  };
}

/** A buyer's keys, each for one trade (DESIGN §4.3): revealing one in a dispute harms no other deal. */
export interface OneTimeKeys {
  /** Makes a key, stores its secret durably and returns the public half. */
  create(): Promise<Uint8Array>;
  /**
   * Secret of a key; undefined when it is unknown or destroyed. Throws `ERR_SETTLEMENT_KEY` when what is kept is not the
   * secret of this key: a disk that lost a bit must not look like a seller that released a wrong key.
   */
  secret(recipientKey: Uint8Array, suite: KeySuite): Promise<Uint8Array | undefined>;
  /** Ties a key to a trade for good. Throws `ERR_SETTLEMENT_KEY` when it is unknown or tied to another trade. */
  bind(recipientKey: Uint8Array, tradeId: Uint8Array): Promise<void>;
}

/** Keys of one suite, kept in `secrets` under the digest of their public half; those that stay unused for {@link UNUSED_KEY_LIFETIME_MS} are swept. */
export function oneTimeKeys(options: {
  readonly crypto: HpkeCrypto & Pick<Crypto, 'sha256'>;
  readonly suite: KeySuite;
  readonly environment: Environment;
  readonly secrets: KeyValueStore;
}): OneTimeKeys {
  const { crypto, suite, environment, secrets } = options;
  const place = (recipientKey: Uint8Array): string => recordKey.oneTime(crypto.sha256(recipientKey));
  let nextSweep = 0;
  // Reading and tying are one step: two trades that begin at once must not both find the key free.
  const binding = mutex();
  const write = (recipientKey: Uint8Array, record: OneTimeRecord): Promise<void> =>
    secrets.set(place(recipientKey), encodeFields({ v: 1, ...record }));
  const read = async (recipientKey: Uint8Array): Promise<OneTimeRecord | undefined> => {
    const bytes = await secrets.get(place(recipientKey));
    return bytes === undefined ? undefined : decode(bytes);
  };
  const sweep = async (now: number): Promise<void> => {
    if (now < nextSweep) return;
    nextSweep = now + SWEEP_INTERVAL_MS;
    // A key that is being tied to its trade right now must not be swept as unused.
    await binding.run(async () => {
      for (const [key, bytes] of await secrets.entries(recordKey.oneTime(new Uint8Array(0)))) {
        const { trade, time } = decode(bytes);
        if (trade === null && time < now - UNUSED_KEY_LIFETIME_MS) await secrets.delete(key);
      }
    });
  };
  return {
    async create() {
      const now = environment.now();
      await sweep(now);
      const secret = environment.randomBytes(suite.kem.secretKeyBytes);
      const recipientKey = suite.kem.publicKey(crypto, secret);
      await write(recipientKey, { secret, time: now, trade: null });
      return recipientKey;
    },
    async secret(recipientKey, { kem }) {
      const record = await read(recipientKey);
      if (record === undefined) return undefined;
      const { secret } = record;
      const isItsSecret =
        secret.length === kem.secretKeyBytes && equalBytes(kem.publicKey(crypto, secret), recipientKey);
      if (isItsSecret) return secret;
      throw new SettlementError(
        'ERR_SETTLEMENT_KEY',
        'The secret that this node keeps for the one-time key of the trade was damaged: nobody can be blamed by it',
      );
    },
    bind: (recipientKey, tradeId) =>
      binding.run(async () => {
        const record = await read(recipientKey);
        if (record === undefined) {
          throw new SettlementError(
            'ERR_SETTLEMENT_KEY',
            'The one-time key of this trade was not made by this node',
          );
        }
        if (record.trade === null) await write(recipientKey, { ...record, trade: tradeId });
        else if (!equalBytes(record.trade, tradeId)) {
          throw new SettlementError(
            'ERR_SETTLEMENT_KEY',
            `The one-time key was used for trade ${bytesToHex(record.trade)} already: make another one`,
          );
        }
      }),
  };
}
