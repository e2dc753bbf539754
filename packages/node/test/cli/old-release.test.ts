import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';

const program = fileURLToPath(new URL('../../bin/edmp.cjs', import.meta.url));

/** Runs the program's first file as if this were another release of Node. */
function runAs(release: string): { readonly code: number | null; readonly stderr: string } {
  const preload = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'${release}'})`;
  const { status, stderr } = spawnSync(process.execPath, ['--import', preload, program, '--version'], {
    encoding: 'utf8',
    timeout: bounds.journey / 2,
  });
  return { code: status, stderr };
}

describe('the program on an old release of Node', { timeout: bounds.journey }, () => {
  it.each(['12.22.12', '20.20.2', '22.12.0'])('%s: says in one sentence which it needs', (release) => {
    const { code, stderr } = runAs(release);
    expect(stderr).toBe(
      `edmp needs Node 22.13 or newer, and this is Node ${release}: get one from https://nodejs.org\n`,
    );
    expect(code).toBe(1);
  });

  it.each(['22.13.0', '24.0.1', '100.0.0'])('%s: is not refused', (release) => {
    expect(runAs(release).stderr).not.toContain('edmp needs Node');
  });
});
