import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EdmpError } from '@edmp/interface';
import type { Command } from 'commander';
import { createNodeClient, type NodeClient } from '../client.ts';
import { NodeError } from '../compose/errors.ts';
import { httpUrl } from './arguments.ts';
import { dataOption, defaultDataFolder } from './data-folder.ts';
import { ownCommand, shellWord } from './own-command.ts';
import { announcedUrl, DEFAULT_URL, processOf } from './running-node.ts';

/** Options that every command which talks to a running node has. */
export interface RemoteOptions {
  readonly url?: string;
  readonly data: string;
  readonly token?: string;
  readonly json: boolean;
}

/** Adds the options of {@link RemoteOptions}. */
export function remoteOptions(command: Command): Command {
  return command
    .addOption(dataOption('data folder of the node: its token and address are there'))
    .option(
      '--url <url>',
      `where the node’s API is (default: where the node of --data says; with --token alone ${DEFAULT_URL})`,
      httpUrl,
    )
    .option('--token <text>', 'the node’s token, instead of reading it from the data folder')
    .option('--json', 'print JSON', false);
}

/**
 * The command line that gets this user `edmp <words>` for the node that this command talked to: with `--data` and `--url`
 * where they were given. The token is never printed.
 */
export function sameNodeCommand(
  words: string,
  { data, url }: Pick<RemoteOptions, 'data' | 'url'>,
  usual: string | undefined = defaultDataFolder(),
): string {
  const options = [
    ...(data === usual ? [] : [`--data ${shellWord(data)}`]),
    ...(url === undefined ? [] : [`--url ${shellWord(url)}`]),
  ];
  return ownCommand([words, ...options].join(' '));
}

/**
 * A client for the running node that the options name. Throws `ERR_NODE_CONFIG` when there is no token to be found,
 * `ERR_HTTP_UNREACHABLE` when no node runs on the data folder and no URL is given.
 */
export function remoteNode(options: RemoteOptions): NodeClient {
  let token = options.token;
  if (token === undefined) {
    const file = join(options.data, 'token');
    try {
      token = readFileSync(file, 'utf8').trim();
    } catch (cause) {
      throw new NodeError(
        'ERR_NODE_CONFIG',
        `No token in ${file}; start the node first (${startCommand(options.data)}), or give --data or --token`,
        { cause },
      );
    }
  }
  return createNodeClient({ url: options.url ?? localUrl(options), token });
}

/** Where the API of the node is that the options name. Throws `ERR_HTTP_UNREACHABLE`. */
export function remoteUrl(options: RemoteOptions): string {
  return (options.url ?? localUrl(options)).replace(/\/+$/, '');
}

const startCommand = (data: string): string => ownCommand(`start --data ${shellWord(data)}`);

/** The token of a folder goes only to the node that runs on it. */
function localUrl({ data, token }: RemoteOptions): string {
  if (token === undefined && processOf(data) === undefined) {
    throw new EdmpError(
      'ERR_HTTP_UNREACHABLE',
      `No node runs on ${data}; start it (${startCommand(data)}), or give --url`,
    );
  }
  const url = announcedUrl(data);
  if (url !== undefined) return url;
  // Whoever has the usual port is not this node: its token is not told to them.
  if (token === undefined)
    throw new EdmpError(
      'ERR_HTTP_UNREACHABLE',
      `The node of ${data} is starting or stopping and does not say where its API is; try again in a few seconds, or give --url`,
    );
  return DEFAULT_URL;
}
