import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/**
 * Runs `main.ts` again in several processes, the seeds split between them, and gives every line that they print. A
 * process that dies is an error.
 */
export async function runJobs(
  main: string,
  argumentsOf: readonly (readonly string[])[],
  onLine: (line: string) => void,
): Promise<void> {
  await Promise.all(
    argumentsOf.map(
      (words) =>
        new Promise<void>((resolve, reject) => {
          const child = spawn(process.execPath, [...process.execArgv, main, ...words], {
            stdio: ['ignore', 'pipe', 'inherit'],
          });
          createInterface({ input: child.stdout }).on('line', onLine);
          child.once('error', reject);
          child.once('close', (code) => {
            if (code === 0 || code === 1) resolve();
            else reject(new Error(`a worker ended with code ${code}`));
          });
        }),
    ),
  );
}
