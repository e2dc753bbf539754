import { spawn } from 'node:child_process';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Address of the relay's WebSocket listener. */
    relay: string;
  }
}

/** Starts a relay in a process of its own, which pages reach each other through: they cannot listen. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const program = new URL('./process.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--conditions=edmp-source', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const address = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) resolve(text.trim());
    });
    void ended.then(() => reject(new Error('the relay of the tests did not start')));
  });
  project.provide('relay', address);
  return async () => {
    child.stdin.end();
    await ended;
  };
}
