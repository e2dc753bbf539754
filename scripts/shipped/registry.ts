import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { mustRun } from '../lib/run.ts';
import { type BareUser, bareEnvironment, mustRunBare } from './bare.ts';

/** How long the registry may take until it answers, ms. */
const START_MS = 60_000;
const PUBLISH_MS = 60_000;

/** What npm says of a package as it publishes it. */
export interface Published {
  readonly name: string;
  readonly version: string;
  /** Bytes of the tarball. */
  readonly packed: number;
  /** Bytes of the files in it. */
  readonly unpacked: number;
  readonly files: number;
}

/** A registry on loopback that knows the packages of this repository and no other. */
export interface Registry {
  /** Lines of an `.npmrc` that gets these packages from here and all others from where this machine's npm does. */
  readonly npmrc: string;
  /** Publishes a tarball as `npm publish` does. Throws when npm had to correct its package.json. */
  publish(tarball: string): Promise<Published>;
  stop(): Promise<void>;
}

/** Starts verdaccio with its files in `folder`. */
export async function startRegistry(
  verdaccio: readonly [string, ...string[]],
  folder: string,
  user: BareUser,
): Promise<Registry> {
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const config = join(folder, 'config.yaml');
  const log = join(folder, 'log.txt');
  await writeFile(config, configuration(folder, log));
  const [program, ...args] = verdaccio;
  const child = spawn(program, [...args, '--config', config, '--listen', `127.0.0.1:${port}`], {
    env: bareEnvironment(user),
    stdio: 'ignore',
  });
  const kill = (): boolean => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    process.off('exit', kill);
    if (child.exitCode === null && child.signalCode === null) kill();
    await ended;
  };
  try {
    await answering(`${url}-/ping`, () => child.exitCode === null);
  } catch (error) {
    await stop();
    const said = await readFile(log, 'utf8').catch(() => '');
    throw new Error(`the registry did not start: ${error}\n${said}`);
  }
  const others = [`registry=${await npmConfig('registry')}`];
  const cafile = await npmConfig('cafile');
  if (cafile !== 'null' && cafile !== 'undefined' && cafile !== '') others.push(`cafile=${cafile}`);
  const npmrc = `${[...others, `@edmp:registry=${url}`, `//127.0.0.1:${port}/:_authToken=nobody`].join('\n')}\n`;
  await writeFile(join(folder, '.npmrc'), npmrc);
  return {
    npmrc,
    async publish(tarball) {
      const { output } = await mustRunBare(
        user,
        folder,
        ['npm', 'publish', '--json', '--no-provenance', tarball],
        PUBLISH_MS,
      );
      if (/npm warn publish/i.test(output)) throw new Error(`npm corrects ${tarball}:\n${output}`);
      return published(output);
    },
    stop,
  };
}

/** What `npm publish --json` printed, with or without the package's name around it. */
function published(output: string): Published {
  const parsed: unknown = JSON.parse(output.slice(output.indexOf('{')));
  const facts = (isRecord(parsed) && 'size' in parsed ? parsed : Object.values(parsed as object)[0]) as {
    readonly name: string;
    readonly version: string;
    readonly size: number;
    readonly unpackedSize: number;
    readonly entryCount: number;
  };
  return {
    name: facts.name,
    version: facts.version,
    packed: facts.size,
    unpacked: facts.unpackedSize,
    files: facts.entryCount,
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

function configuration(folder: string, log: string): string {
  const text = (value: string): string => JSON.stringify(value);
  return `storage: ${text(join(folder, 'storage'))}
auth:
  htpasswd:
    file: ${text(join(folder, 'htpasswd'))}
web:
  enable: false
max_body_size: 50mb
uplinks: {}
packages:
  '@edmp/*':
    access: $all
    publish: $all
log: { type: file, path: ${text(log)}, format: json, level: warn }
`;
}

/** A setting of this machine's npm, as it is without this repository. */
export async function npmConfig(name: string): Promise<string> {
  const output = await mustRun('npm', ['config', 'get', name], { timeoutMs: 30_000 });
  return output.trim().split('\n').at(-1) ?? '';
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no free port on loopback');
  return address.port;
}

/** Waits until a URL answers with success while `alive()`. */
export async function answering(url: string, alive: () => boolean, withinMs = START_MS): Promise<Response> {
  const end = performance.now() + withinMs;
  for (;;) {
    if (!alive()) throw new Error('its process ended');
    if (performance.now() > end) throw new Error(`no answer from ${url} in ${withinMs / 1000} s`);
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
      if (response.ok) return response;
    } catch {
      // Not there yet.
    }
    await sleep(100);
  }
}
