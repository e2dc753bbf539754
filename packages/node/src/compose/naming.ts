import { bytesToUtf8, isPublicKeyHex, type KeyValueStore, utf8ToBytes } from '@edmp/interface';
import type { KeyNameView, Naming } from '../naming-service.ts';
import { NodeError } from './errors.ts';

const PREFIX = 'name/';
/** Longest name, characters: what fits into a line of a phone twice. */
const MAX_NAME = 48;
/** Most names: more than anybody gives by hand. */
const MAX_NAMES = 1_000;

/** Names of keys in a store of records. */
export function naming(records: KeyValueStore): Naming {
  const names = async (): Promise<KeyNameView[]> =>
    (await records.range(PREFIX, { limit: MAX_NAMES })).map(([key, value]) => ({
      key: key.slice(PREFIX.length),
      name: bytesToUtf8(value),
    }));
  return {
    names,
    async nameKey(key, text) {
      if (!isPublicKeyHex(key))
        throw new NodeError(
          'ERR_NODE_CONFIG',
          'A name belongs to a public key of 64 lower-case hexadecimal characters',
        );
      const name = text.trim();
      // biome-ignore lint/suspicious/noControlCharactersInRegex: a name is shown in terminals too
      if (name.length > MAX_NAME || /[\u0000-\u001f\u007f-\u009f\p{Surrogate}]/u.test(name))
        throw new NodeError('ERR_NODE_CONFIG', `A name has at most ${MAX_NAME} characters, all in one line`);
      if (name === '') await records.delete(PREFIX + key);
      else {
        const known = await names();
        if (known.length >= MAX_NAMES && !known.some((each) => each.key === key))
          throw new NodeError(
            'ERR_NODE_CONFLICT',
            `At most ${MAX_NAMES} keys have names; take one away first`,
          );
        await records.set(PREFIX + key, utf8ToBytes(name));
      }
      return names();
    },
  };
}
