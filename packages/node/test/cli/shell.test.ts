import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { completionScript } from '../../src/cli/completion.ts';
import { useKeyFile } from '../../src/cli/key-file.ts';
import { createProgram, runCommandLine } from '../../src/cli/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'edmp-shell-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const run = promisify(execFile);
const quiet = { out: () => {}, err: () => {} };

async function has(program: string): Promise<boolean> {
  return run(program, ['--version']).then(
    () => true,
    () => false,
  );
}

async function failed(...args: string[]): Promise<{ code: number; err: string }> {
  let err = '';
  const code = await runCommandLine(args, {
    out: () => {},
    err: (text) => {
      err += text;
    },
  });
  return { code, err };
}

describe('a failure with --json', () => {
  it('is one line of JSON with its code', async () => {
    const { code, err } = await failed('orders', '--json', '--data', join(folder, 'none'));
    expect(code).toBe(2);
    expect(JSON.parse(err)).toEqual({
      error: { code: 'ERR_NODE_CONFIG', message: expect.stringContaining('No token') },
    });
    expect(err.trimEnd()).not.toContain('\n');
  });
  it('is so for wrong usage, too', async () => {
    for (const args of [
      ['orders', '--json', '--nonsense'],
      ['buy', '--json'],
      ['nothing', '--json'],
    ]) {
      const { code, err } = await failed(...args);
      expect(code).toBe(2);
      expect(JSON.parse(err).error.code).toBe('ERR_NODE_CONFIG');
    }
  });
  it('is text without it, and where it stands behind --', async () => {
    expect((await failed('orders', '--data', join(folder, 'none'))).err).toMatch(/^error: No token/);
    expect((await failed('nothing', '--', '--json')).err).toMatch(/^error: /);
  });
});

describe('completion', () => {
  const ask = async (line: string): Promise<string[]> => {
    const script = join(folder, 'edmp.bash');
    writeFileSync(script, completionScript('bash', createProgram(quiet)));
    const words = line.split(' ');
    const quoted = words.map((word) => `'${word}'`).join(' ');
    const program = `. '${script}'; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _edmp; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await run('bash', ['-c', program]);
    return stdout.trim().split('\n');
  };

  it('in bash offers commands, what stands below them, and their options', async () => {
    expect(await ask('edmp tra')).toEqual(['trades']);
    expect(await ask('edmp currency i')).toEqual(['issue']);
    expect(await ask('edmp meter add --fing')).toEqual(['--fingerprint']);
    expect(await ask('edmp node --edmp')).toEqual(['--edmp-compat-open']);
    expect(await ask('edmp meter import --data x --js')).toEqual(['--json']);
    expect(await ask('edmp start --fault')).toEqual(['']);
  });

  it.each(['bash', 'zsh', 'fish'] as const)('in %s is a script that the shell reads', async (shell) => {
    const script = completionScript(shell, createProgram(quiet));
    for (const word of ['meter', 'discover', 'edmp-compat-open', 'completion'])
      expect(script).toContain(word);
    expect(script).not.toContain('undefined');
    const file = join(folder, `edmp.${shell}`);
    writeFileSync(file, script);
    if (await has(shell)) await run(shell, ['-n', file]);
  });
});

describe("EDMP's key file", () => {
  const key = 'ab'.repeat(32);
  it('becomes the identity of a new folder', () => {
    const data = join(folder, 'new');
    const file = join(folder, 'new.key');
    writeFileSync(file, `${key}\n`);
    useKeyFile(data, file)();
    expect(readFileSync(join(data, 'identity.key'), 'utf8').trim()).toBe(key);
    expect(statSync(join(data, 'identity.key')).mode & 0o777).toBe(0o600);
    // And again, for it is the same.
    useKeyFile(data, file)();
  });
  it('is written once there is an identity, for its owner alone', () => {
    const data = join(folder, 'new');
    const file = join(folder, 'later.key');
    const save = useKeyFile(data, file);
    expect(existsSync(file)).toBe(false);
    save();
    expect(readFileSync(file, 'utf8').trim()).toBe(key);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
  it('of somebody else, or that is none, is refused and changes nothing', () => {
    const data = join(folder, 'new');
    const other = join(folder, 'other.key');
    writeFileSync(other, 'cd'.repeat(32));
    expect(() => useKeyFile(data, other)).toThrow(expect.objectContaining({ code: 'ERR_NODE_CONFLICT' }));
    writeFileSync(other, '-----BEGIN EC PRIVATE KEY-----');
    expect(() => useKeyFile(join(folder, 'fresh'), other)).toThrow(
      expect.objectContaining({ code: 'ERR_NODE_CONFIG' }),
    );
    expect(existsSync(join(folder, 'fresh'))).toBe(false);
    expect(readFileSync(join(data, 'identity.key'), 'utf8').trim()).toBe(key);
  });
});
