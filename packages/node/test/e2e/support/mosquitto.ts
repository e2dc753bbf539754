import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TEST_CERTIFICATES } from '../../support/certificates.ts';
import { eventually } from './two-nodes.ts';

/** The broker that `.ci/mosquitto` names; undefined without one. */
export const mosquittoBinary: string | undefined = process.env.MOSQUITTO_BIN;

/** A mosquitto on loopback: one listener in the clear, one with TLS; both want a name and a password. */
export interface Mosquitto {
  readonly port: number;
  readonly securePort: number;
  /** Kills it at once, or lets it write down what it keeps. */
  stop(how?: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  start(): Promise<void>;
  /** Stops it and removes what it kept. */
  remove(): Promise<void>;
}

export const BROKER_USER = 'meter';
export const BROKER_PASSWORD = 'not-a-secret';

/** PBKDF2 of the password as `mosquitto_passwd` writes it: `$7$ROUNDS$SALT$HASH`. */
async function passwordLine(): Promise<string> {
  const { pbkdf2Sync, randomBytes } = await import('node:crypto');
  const salt = randomBytes(12);
  const hash = pbkdf2Sync(BROKER_PASSWORD, salt, 101, 64, 'sha512');
  return `${BROKER_USER}:$7$101$${salt.toString('base64')}$${hash.toString('base64')}\n`;
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

const answers = (port: number): Promise<true | undefined> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(undefined));
  });

/** Sets a broker up and starts it. */
export async function startMosquitto(): Promise<Mosquitto> {
  if (mosquittoBinary === undefined) throw new Error('MOSQUITTO_BIN names no broker');
  const binary = mosquittoBinary;
  const folder = await mkdtemp(join(tmpdir(), 'edmp-mosquitto-'));
  const [port, securePort] = [await freePort(), await freePort()];
  const file = (name: string): string => join(folder, name);
  await writeFile(file('passwords'), await passwordLine(), { mode: 0o600 });
  await writeFile(file('key.pem'), TEST_CERTIFICATES.first.key, { mode: 0o600 });
  await writeFile(file('cert.pem'), TEST_CERTIFICATES.first.cert);
  const settings = [
    `listener ${port} 127.0.0.1`,
    `listener ${securePort} 127.0.0.1`,
    `certfile ${file('cert.pem')}`,
    `keyfile ${file('key.pem')}`,
    'allow_anonymous false',
    `password_file ${file('passwords')}`,
    'persistence true',
    `persistence_location ${folder}/`,
    'max_queued_messages 10000',
    'log_dest stderr',
    ...(process.getuid?.() === 0 ? ['user root'] : []),
  ];
  await writeFile(file('mosquitto.conf'), `${settings.join('\n')}\n`);
  let child: ChildProcess | undefined;
  let said = '';
  const broker: Mosquitto = {
    port,
    securePort,
    async start() {
      const started = spawn(binary, ['-c', file('mosquitto.conf')], { stdio: ['ignore', 'ignore', 'pipe'] });
      started.stderr?.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-4_000);
      });
      child = started;
      await eventually('broker', async () => {
        if (started.exitCode !== null) throw new Error(`mosquitto ended: ${said}`);
        return answers(securePort);
      });
    },
    async stop(how = 'SIGTERM') {
      const running = child;
      child = undefined;
      if (running === undefined || running.exitCode !== null) return;
      const ended = new Promise((resolve) => running.once('exit', resolve));
      running.kill(how);
      await ended;
    },
    async remove() {
      await broker.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await broker.start();
  return broker;
}
