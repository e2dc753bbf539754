import { createSocket, type Socket } from 'node:dgram';
import { type AbortOptions, type Environment, isEdmpError, sleep, throwIfAborted } from '@edmp/interface';
import { MeterError } from '@edmp/oehu-client';
import { type OfferedService, SERVICES, ServiceRecords } from './service-records.ts';

/** Options of {@link askNetwork}. */
export interface AskNetworkOptions extends AbortOptions {
  readonly environment: Environment;
  /** How long answers are waited for, ms. */
  readonly forMs: number;
  /** Addresses of this computer in the networks to ask. */
  readonly own: readonly string[];
}

/** What a network answered. */
export interface NetworkAnswer {
  readonly offered: readonly OfferedService[];
  /** Answers that were left out: addresses of no home network, and what came after there were too many. */
  readonly leftOut: number;
}

/** Where multicast DNS is spoken (RFC 6762 §3). */
const GROUP = '224.0.0.251';
const PORT = 5353;
/** Packets of multicast DNS are no larger (RFC 6762 §17). A larger one could also take long to unpack. */
const MAX_PACKET_BYTES = 9_000;
/** Packets that are unpacked in one look, and of one sender: a device needs a few. */
const MAX_PACKETS = 400;
const MAX_PACKETS_OF_ONE = 40;
/** Questions of one packet: it stays below the size that networks pass on in one piece. */
const MAX_QUESTIONS = 16;
/** Bit of the flags that tells an answer from a question (RFC 1035 §4.1.1). */
const RESPONSE = 0x80;

type Question = { readonly type: 'PTR' | 'SRV' | 'TXT' | 'A'; readonly name: string };

/**
 * Asks everybody on the given networks, by multicast DNS, who is a meter or a broker, and gathers the answers. Sends three
 * packets into each network, and later asks for what is missing. Throws `ERR_METER_UNREACHABLE` when no network can be
 * asked, `ERR_ABORTED`.
 */
export async function askNetwork(options: AskNetworkOptions): Promise<NetworkAnswer> {
  const { environment, forMs, own, signal } = options;
  throwIfAborted(signal);
  const { default: packets } = await import('dns-packet');
  const records = new ServiceRecords();
  const counts = new Map<string, number>();
  let taken = 0;
  let leftOut = 0;
  const hear = (message: Buffer, teller: string): void => {
    if (message.length > MAX_PACKET_BYTES || ((message[2] ?? 0) & RESPONSE) === 0) return;
    const count = (counts.get(teller) ?? 0) + 1;
    if (count > MAX_PACKETS_OF_ONE || taken >= MAX_PACKETS) {
      leftOut++;
      return;
    }
    counts.set(teller, count);
    taken++;
    try {
      const { answers = [], additionals = [] } = packets.decode(message);
      records.add({ records: [...answers, ...additionals], teller });
    } catch {
      // Whatever it is, it is no answer.
      leftOut++;
    }
  };
  const opened = await Promise.allSettled(own.map((address) => openSocket(address, hear)));
  const sockets = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  try {
    const ask = (questions: readonly Question[]): void => {
      for (const some of inPackets(questions))
        for (const socket of sockets) send(socket, packets.encode({ type: 'query', questions: [...some] }));
    };
    if (sockets.length === 0) throw unreachable(opened);
    const all = SERVICES.map((name): Question => ({ type: 'PTR', name }));
    // Twice a second apart or more (RFC 6762 §5.2), for one may be lost; then what is missing.
    ask(all);
    await sleep(environment, forMs / 3, { signal });
    ask([...all, ...missingOf(records)]);
    await sleep(environment, forMs / 3, { signal });
    ask(missingOf(records));
    await sleep(environment, forMs / 3, { signal });
  } finally {
    for (const socket of sockets) socket.close();
  }
  return { offered: records.offered(), leftOut: leftOut + records.leftOut };
}

function missingOf(records: ServiceRecords): readonly Question[] {
  const { instances, hosts } = records.missing();
  return [
    ...instances.flatMap((name): Question[] => [
      { type: 'SRV', name },
      { type: 'TXT', name },
    ]),
    ...hosts.map((name): Question => ({ type: 'A', name })),
  ];
}

/** The questions in bundles that fit a packet, two packets at most. */
function* inPackets(questions: readonly Question[]): Generator<readonly Question[]> {
  for (let from = 0; from < Math.min(questions.length, 2 * MAX_QUESTIONS); from += MAX_QUESTIONS)
    yield questions.slice(from, from + MAX_QUESTIONS);
}

function send(socket: Socket, packet: Uint8Array): void {
  // A network that went away meanwhile answers nothing, which is all that can be told.
  socket.send(packet, PORT, GROUP, () => undefined);
}

/**
 * A socket in one of the networks. On the port of multicast DNS, beside others that listen there, it hears what is
 * told to all; where that port is taken, answers come to a port of its own (RFC 6762 §5.1).
 */
async function openSocket(own: string, hear: (message: Buffer, teller: string) => void): Promise<Socket> {
  const socket = await bound(PORT).catch(() => bound(0));
  try {
    socket.on('error', () => undefined);
    socket.on('message', (message, { address }) => hear(message, address));
    socket.addMembership(GROUP, own);
    socket.setMulticastInterface(own);
    // Packets that came from another network have a smaller count (RFC 6762 §11).
    socket.setMulticastTTL(255);
    socket.setMulticastLoopback(true);
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

function bound(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind(port, () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

function unreachable(opened: readonly PromiseSettledResult<Socket>[]): MeterError {
  const first = opened.find((one) => one.status === 'rejected');
  const cause: unknown = first?.reason;
  if (isEdmpError(cause)) return cause as MeterError;
  const why = cause instanceof Error ? cause.message : 'there is no network';
  return new MeterError('ERR_METER_UNREACHABLE', `The local network cannot be asked: ${why}`, {
    cause,
    retryable: true,
  });
}
