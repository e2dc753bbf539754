import { kuboContentStore } from '@edmp/data-settlement/content';
import {
  type ContentStore,
  type Environment,
  type KeyValueStore,
  memoryKeyValueStore,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { CID } from 'multiformats/cid';

/** A real Kubo daemon that tests may fill, damage, garbage-collect and kill. */
export interface KuboDaemon {
  readonly rpcUrl: string;
  readonly gatewayUrl: string;
  /** Process id. */
  readonly pid: number;
}

/** The daemon that `.ci/kubo` started; undefined, with the reason, when there is none. */
export function kuboDaemon(): KuboDaemon | string {
  const { KUBO_RPC_URL: rpcUrl, KUBO_GATEWAY_URL: gatewayUrl, KUBO_PID: pid } = process.env;
  if (rpcUrl === undefined || gatewayUrl === undefined || pid === undefined) {
    return 'needs a Kubo daemon of its own, named by KUBO_RPC_URL, KUBO_GATEWAY_URL and KUBO_PID: run .ci/kubo';
  }
  return { rpcUrl, gatewayUrl, pid: Number(pid) };
}

/** What Kubo itself answers to an RPC command, without our adapter in between. */
export class KuboRpc {
  readonly #daemon: KuboDaemon;

  constructor(daemon: KuboDaemon) {
    this.#daemon = daemon;
  }

  /** The answer to `command`, whatever its status. */
  ask(command: string, query: Record<string, string> = {}, file?: Uint8Array): Promise<Response> {
    const body = new FormData();
    if (file !== undefined) body.append('file', new Blob([file.slice()]));
    return fetch(`${this.#daemon.rpcUrl}/api/v0/${command}?${new URLSearchParams(query)}`, {
      method: 'POST',
      ...(file === undefined ? {} : { body }),
    });
  }

  /** The lines of a successful answer. Throws Kubo's message otherwise. */
  async lines(command: string, query: Record<string, string> = {}, file?: Uint8Array): Promise<unknown[]> {
    const response = await this.ask(command, query, file);
    const text = await response.text();
    if (!response.ok) throw new Error(`${command}: ${text}`);
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  }

  /** Bytes of a block that the daemon holds itself; undefined when it does not. */
  async block(cid: CID): Promise<Uint8Array | undefined> {
    const response = await this.ask('block/get', { arg: cid.toString(), offline: 'true' });
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    const text = await response.text();
    if (!text.includes('not found locally')) throw new Error(text);
    return undefined;
  }

  /** Kind of every pin by its CID. */
  async pins(): Promise<ReadonlyMap<string, string>> {
    const [answer] = (await this.lines('pin/ls', { type: 'all' })) as [
      { Keys?: Record<string, { Type: string }> },
    ];
    return new Map(Object.entries(answer?.Keys ?? {}).map(([cid, { Type: kind }]) => [cid, kind]));
  }

  /** The whole CAR of what is under `root`. */
  async car(root: CID): Promise<Uint8Array> {
    const response = await this.ask('dag/export', { arg: root.toString(), progress: 'false' });
    if (!response.ok) throw new Error(await response.text());
    return new Uint8Array(await response.arrayBuffer());
  }

  /** CIDs that Kubo's own garbage collection removed. */
  async collectGarbage(): Promise<readonly CID[]> {
    const removed = (await this.lines('repo/gc')) as { Key: { '/': string } }[];
    return removed.map(({ Key: key }) => CID.parse(key['/']));
  }

  /** Folder of the repository. */
  async repository(): Promise<string> {
    const [stat] = (await this.lines('repo/stat')) as [{ RepoPath: string }];
    return stat.RepoPath;
  }

  /** CIDs that somebody waits for. */
  async wanted(): Promise<readonly string[]> {
    const [list] = (await this.lines('bitswap/wantlist')) as [{ Keys: { '/': string }[] | null }];
    return (list.Keys ?? []).map((key) => key['/']);
  }
}

export interface KuboStoreParts {
  readonly store: ContentStore;
  readonly index: KeyValueStore;
}

/** Our store in the daemon, with an index of its own unless one is given. */
export function kuboStore(
  daemon: KuboDaemon,
  environment: Environment,
  more: { readonly index?: KeyValueStore; readonly offline?: boolean; readonly timeoutMs?: number } = {},
): KuboStoreParts {
  const index = more.index ?? memoryKeyValueStore();
  const store = kuboContentStore({
    rpcUrl: daemon.rpcUrl,
    fetch: (url, init) => fetch(url, init),
    crypto: nodeCrypto(),
    offline: true,
    ...more,
    index,
    environment,
  });
  return { store, index };
}

/** Forgets every pin of a store and removes all it put. */
export async function emptied({ store, index }: KuboStoreParts): Promise<void> {
  for (const [key] of await index.entries('content/pin/')) await index.delete(key);
  await store.collect();
}
