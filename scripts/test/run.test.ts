import { describe, expect, it } from 'vitest';
import { mustRun, run } from '../lib/run.ts';

describe('run', () => {
  it('gives the exit code and both outputs', async () => {
    const script = 'console.log("out"); console.error("err"); process.exit(3)';
    const result = await run('node', ['-e', script]);
    expect(result.code).toBe(3);
    expect(result.output).toContain('out');
    expect(result.output).toContain('err');
  });

  it('ends a program that takes too long', async () => {
    const result = await run('node', ['-e', 'setInterval(() => {}, 1000)'], { timeoutMs: 300 });
    expect(result.code).toBe(124);
  });

  it('closes standard input', async () => {
    expect((await run('node', ['-e', 'process.stdin.resume().on("end", () => process.exit(7))'])).code).toBe(
      7,
    );
  });

  it('gives 127 for a program that is not there', async () => {
    expect((await run('no-such-program-at-all', [])).code).toBe(127);
  });
});

describe('mustRun', () => {
  it('throws with the output of a program that failed', async () => {
    await expect(mustRun('node', ['-e', 'console.log("why"); process.exit(1)'])).rejects.toThrow(
      /exited with 1\nwhy/,
    );
  });
});
