import { type ChildProcess, spawn, spawnSync } from 'node:child_process';

/** Whether a pseudo-terminal can be made here: Python has them, Node has not. */
export const hasPty: boolean =
  process.platform !== 'win32' && spawnSync('python3', ['-c', 'import pty, termios']).status === 0;

/** A serial device of the tests. */
export interface Pty extends Disposable {
  /** Path to open, such as `/dev/pts/3`. */
  readonly path: string;
  /** Sends bytes as a meter would, once somebody has set the line. */
  write(text: string): void;
  /** Pulls the plug. */
  [Symbol.dispose](): void;
}

/** Waits until the line is raw, as it is when a reader has set it, then copies its input to the line. */
const SCRIPT = `
import os, sys, termios, time
master, slave = os.openpty()
print(os.ttyname(slave), flush=True)
while termios.tcgetattr(slave)[3] & (termios.ICANON | termios.ECHO):
    time.sleep(0.01)
if termios.tcgetattr(slave)[2] & termios.PARENB:
    sys.exit('parity is on')
while True:
    data = os.read(0, 65536)
    if not data:
        break
    while data:
        data = data[os.write(master, data):]
`;

/** Makes a {@link Pty}. */
export async function openPty(): Promise<Pty> {
  const child: ChildProcess = spawn('python3', ['-c', SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] });
  const path = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
  });
  child.stdin?.on('error', () => undefined);
  return {
    path,
    write: (text) => void child.stdin?.write(text),
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  };
}
