import { Command } from 'commander';
import { ExitCode, print } from '../output.ts';
import { type RemoteOptions, remoteNode, remoteOptions } from '../remote.ts';
import { announcedUrl, DEFAULT_URL, processOf } from '../running-node.ts';
import { checked, type Finding } from './finding.ts';
import { checkFolder } from './folder-checks.ts';
import { checkNode, checkPort } from './node-checks.ts';
import { checkSignatures } from './signature-checks.ts';
import { checkStores } from './store-checks.ts';

const MARK = { ok: '✓', warning: '!', problem: '✗' } as const;

async function examine(options: RemoteOptions): Promise<readonly Finding[]> {
  const { data } = options;
  const now = Date.now();
  const folder = await checked('data folder', () => checkFolder(data));
  const exists = folder.some((finding) => finding.check === 'identity');
  const stores = exists ? await checked('stores', () => checkStores(data, now)) : [];
  const running = options.url !== undefined || processOf(data) !== undefined;
  const url = options.url ?? announcedUrl(data) ?? DEFAULT_URL;
  const node = running
    ? await checked('api', () => checkNode(remoteNode(options), url, now))
    : [await checkPort(Number(new URL(DEFAULT_URL).port))];
  const signatures = await checked('signatures', checkSignatures);
  return [...folder, ...stores, ...signatures, ...node];
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
