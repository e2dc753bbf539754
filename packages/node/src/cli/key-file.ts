import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivate } from '../compose/data-folder.ts';
import { NodeError } from '../compose/errors.ts';

/**
 * Lets a node on `folder` be the identity that `file` holds, as EDMP's third argument did. A folder without an identity takes
 * it over; a file that is not there yet is written once the node has one, by what comes back.
 *
 * Throws `ERR_NODE_CONFIG` for a file that holds no key, `ERR_NODE_CONFLICT` where the folder is somebody else's.
 */
export function useKeyFile(folder: string, file: string): () => void {
  const identity = join(folder, 'identity.key');
  if (!existsSync(file)) return () => writePrivate(file, readFileSync(identity, 'utf8'));
  const key = readFileSync(file, 'utf8').slice(0, 1_000).trim();
  if (!/^[0-9a-f]{64}$/.test(key)) {
    throw new NodeError(
      'ERR_NODE_CONFIG',
      `${file} should hold 64 hexadecimal characters, as identity.key of a data folder does; keys of 2019 are of another kind and cannot be used`,
    );
  }
  if (!existsSync(identity)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writePrivate(identity, `${key}\n`);
  } else if (readFileSync(identity, 'utf8').trim() !== key) {
    throw new NodeError(
      'ERR_NODE_CONFLICT',
      `The node of ${folder} has another identity than ${file}; give its own key file, or another folder`,
    );
  }
  return () => {};
}
