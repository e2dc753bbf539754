import { Command } from 'commander';
import { ExitCode, print } from '../output.ts';
import { type RemoteOptions, remoteNode, remoteOptions } from '../remote.ts';
import { awaitedUrl, DEFAULT_URL, processOf } from '../running-node.ts';
import { checked, type Finding, warning } from './finding.ts';
import { checkFolder } from './folder-checks.ts';
import { checkNode, checkPort } from './node-checks.ts';
import { checkSignatures } from './signature-checks.ts';
import { checkStores } from './store-checks.ts';

/** How long a node that starts is waited for. */
const START_MS = 10_000;
const MARK = { ok: '✓', warning: '!', problem: '✗' } as const;

async function examine(options: RemoteOptions): Promise<readonly Finding[]> {
  const { data } = options;
  const now = Date.now();
  const folder = await checked('data folder', () => checkFolder(data));
  const exists = folder.some((finding) => finding.check === 'identity');
  const stores = exists ? await checked('stores', () => checkStores(data, now)) : [];
  const node = await examineNode(options, now);
  const signatures = await checked('signatures', checkSignatures);
  return [...folder, ...stores, ...signatures, ...node];
}

/** Checks the node of the folder at the address that it announced, or at the one that was given; never at another's. */
async function examineNode(options: RemoteOptions, now: number): Promise<readonly Finding[]> {
  const { data } = options;
  if (options.url !== undefined) {
    const { url } = options;
    return checked('api', () => checkNode(remoteNode(options), `${url} (--url)`, now));
  }
  if (processOf(data) === undefined) return [await checkPort(Number(new URL(DEFAULT_URL).port))];
  const url = await awaitedUrl(data, START_MS);
  if (url === undefined)
    return [
      warning(
        'api',
        `the node of ${data} is starting or stopping and does not say where its API is; look again`,
      ),
    ];
  return checked('api', () => checkNode(remoteNode({ ...options, url }), `${url} (by ${data})`, now));
}

/** `edmp doctor`: looks for what could keep a node from trading. Exit code 1 when anything does not work. */
export function doctorCommand(): Command {
  return remoteOptions(
    new Command('doctor').description('check the data folder, ports, peers, meters, stores and clock'),
  ).action(async (options: RemoteOptions) => {
    const findings = await examine(options);
    const count = (level: Finding['level']): number =>
      findings.filter((finding) => finding.level === level).length;
    const healthy = count('problem') === 0;
    const width = Math.max(...findings.map((finding) => finding.check.length));
    print(options.json, { ok: healthy, findings }, () =>
      [
        ...findings.map(({ check, level, text }) => `${MARK[level]} ${check.padEnd(width)}  ${text}`),
        '',
        `Problems: ${count('problem')}. Warnings: ${count('warning')}.`,
      ].join('\n'),
    );
    if (!healthy) process.exitCode = ExitCode.failed;
  });
}
