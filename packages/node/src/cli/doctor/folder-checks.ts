import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sameNodeCommand } from '../remote.ts';
import { processOf } from '../running-node.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

const LITTLE_SPACE = 200 << 20;

/** Checks a node's data folder: there, writable, private, with a usable identity; and whether a node runs on it. */
export async function checkFolder(folder: string): Promise<readonly Finding[]> {
  if (!existsSync(folder))
    return [
      warning(
        'data folder',
        `${folder} does not exist yet; ${sameNodeCommand('start', { data: folder })} makes it`,
      ),
    ];
  if (!statSync(folder).isDirectory())
    return [problem('data folder', `${folder} is a file; choose another --data`)];
  const findings: Finding[] = [];
  try {
    accessSync(folder, constants.R_OK | constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    const free = bavail * bsize;
    findings.push(
      free < LITTLE_SPACE
        ? warning('data folder', `${folder} has only ${Math.floor(free / (1 << 20))} MiB free`)
        : ok('data folder', `${folder} is writable`),
    );
  } catch {
    findings.push(problem('data folder', `${folder} cannot be written; check its owner and permissions`));
  }
  findings.push(checkIdentity(folder), ...checkPrivacy(folder));
  const pid = processOf(folder);
  findings.push(
    pid === undefined
      ? warning(
          'process',
          `no node runs on this folder; start it with ${sameNodeCommand('start', { data: folder })}`,
        )
      : ok('process', `a node runs on this folder${pid > 0 ? `, process ${pid}` : ''}`),
  );
  return findings;
}

/** What lies in a data folder besides the identity and is nobody else's business. */
const PRIVATE_FILES = [
  'token',
  'meters.json',
  ...['records', 'readings', 'chain', 'notary'].flatMap((name) =>
    ['', '-wal', '-shm'].map((end) => `${name}.sqlite${end}`),
  ),
];

/** Only what is wrong: files that other users of the machine can read. */
function checkPrivacy(folder: string): readonly Finding[] {
  if (process.platform === 'win32') return [];
  // Where nobody else gets into the folder, its files are out of reach.
  if ((statSync(folder).mode & 0o077) === 0) return [];
  const shared = PRIVATE_FILES.map((name) => join(folder, name)).filter(
    (file) => ((statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0,
  );
  if (shared.length === 0) return [];
  return [
    problem('private files', `${shared.join(', ')} can be read by other users: chmod -R go= ${folder}`),
  ];
}

function checkIdentity(folder: string): Finding {
  const file = join(folder, 'identity.key');
  if (!existsSync(file))
    return warning('identity', `none yet; ${sameNodeCommand('start', { data: folder })} makes it`);
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch {
    return problem('identity', `${file} cannot be read; check its owner and permissions`);
  }
  if (!/^[0-9a-f]{64}$/.test(text))
    return problem('identity', `${file} should hold 64 hexadecimal characters; restore it from your backup`);
  const shared = process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0;
  return shared
    ? problem('identity', `${file} can be read by other users: chmod 600 ${file}`)
    : ok('identity', `${file} is well formed and private; keep a backup of it`);
}
