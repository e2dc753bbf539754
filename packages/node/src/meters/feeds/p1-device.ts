import { execFile } from 'node:child_process';
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { isatty, ReadStream } from 'node:tty';
import { promisify } from 'node:util';
import { MeterError } from '@edmp/oehu-client';
import type { FeedParts, MeterFeed } from '../feed.ts';
import { feedBudget, P1_LIMITS } from './feed-budget.ts';
import { readP1 } from './p1-feed.ts';

const run = promisify(execFile);
const STTY_MS = 5_000;
const DEFAULT_BAUD = 115_200;

/**
 * A P1 port on a serial device such as `/dev/ttyUSB0`, a pseudo-terminal or a named pipe. The line is set by `stty`, which
 * every Unix has, so that nothing must be compiled: 8 bits without parity, 7 with even parity at 9 600 bit/s (DSMR up to 3), 8 with even parity at
 * 2 400 (HAN).
 */
export function p1Device({ settings, environment, zone }: FeedParts): MeterFeed {
  const path = settings.address ?? '';
  const budget = feedBudget(environment, P1_LIMITS);
  return {
    async run(sink, signal) {
      const device = await openDevice(path, settings.baud ?? DEFAULT_BAUD);
      const stop = (): void => void device.destroy();
      signal.addEventListener('abort', stop, { once: true });
      try {
        if (signal.aborted) return;
        await readP1(device, sink, { environment, zone, key: settings.token, budget, signal });
      } catch (cause) {
        if (signal.aborted) return;
        if (cause instanceof MeterError) throw cause;
        throw unreadable(path, cause);
      } finally {
        signal.removeEventListener('abort', stop);
        device.destroy();
      }
    },
  };
}

async function openDevice(path: string, baud: number): Promise<Socket> {
  let fd: number | undefined;
  try {
    // Without O_NONBLOCK a serial line waits for its carrier, and the whole node with it.
    fd = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    const kind = fstatSync(fd);
    if (isatty(fd)) {
      await setLine(path, baud);
      return new ReadStream(fd);
    }
    if (kind.isFIFO()) return new Socket({ fd, readable: true, writable: false });
    throw new Error('it is no serial device');
  } catch (cause) {
    if (fd !== undefined) closeSync(fd);
    throw unreadable(path, cause);
  }
}

/** Sets speed, bits and parity, and switches off whatever a terminal does to bytes. */
async function setLine(path: string, baud: number): Promise<void> {
  const isOld = baud <= 9_600;
  // The customer ports of Norway and Austria (HAN) speak M-Bus: 2 400 bit/s, 8 bits, even parity.
  const bits = isOld ? [baud === 2_400 ? 'cs8' : 'cs7', 'parenb', '-parodd'] : ['cs8', '-parenb'];
  const file = process.platform === 'linux' ? '-F' : '-f';
  await run('stty', [file, path, String(baud), 'raw', '-echo', '-cstopb', 'clocal', ...bits], {
    timeout: STTY_MS,
    killSignal: 'SIGKILL',
  });
}

function unreadable(path: string, cause: unknown): MeterError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const why =
    code === 'ENOENT'
      ? 'there is no such device; is it plugged in?'
      : code === 'EACCES'
        ? 'this user may not read it; add the user to the group of the device (often dialout)'
        : code === 'EBUSY'
          ? 'another program reads it'
          : message;
  return new MeterError('ERR_METER_UNREACHABLE', `${path} cannot be read: ${why}`, {
    cause,
    retryable: true,
  });
}
