import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { createNodeClient, type NodeClient } from '../client.ts';
import { NodeError } from '../compose/errors.ts';
import { defaultDataFolder } from './start.ts';

/** Options that every command which talks to a running node has. */
export interface RemoteOptions {
  readonly url: string;
  readonly data: string;
  readonly token?: string;
  readonly json: boolean;
}

/** Adds the options of {@link RemoteOptions}. */
export function remoteOptions(command: Command): Command {
  return command
    .option('--url <url>', 'where the node’s API is', 'http://127.0.0.1:8080')
    .option('--data <folder>', 'data folder of the node, to read its token from', defaultDataFolder())
    .option('--token <text>', 'the node’s token, instead of reading it from the data folder')
    .option('--json', 'print JSON', false);
}

/** A client for the running node that the options name. Throws `ERR_NODE_CONFIG` when there is no token to be found. */
export function remoteNode(options: RemoteOptions): NodeClient {
  const { url } = options;
  let token = options.token;
  if (token === undefined) {
    const file = join(options.data, 'token');
    try {
      token = readFileSync(file, 'utf8').trim();
    } catch (cause) {
      throw new NodeError(
        'ERR_NODE_CONFIG',
        `No token in ${file}; start the node first (edmp start), or give --data or --token`,
        { cause },
      );
    }
  }
  return createNodeClient({ url, token });
}
