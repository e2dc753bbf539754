import { Command } from 'commander';
import type { TrustAdviceView, TrustBoundView, TrustView } from '../trust-service.ts';
import { publicKey } from './arguments.ts';
import { print, table } from './output.ts';
import { type RemoteOptions, remoteNode, remoteOptions } from './remote.ts';

/** Characters of a key that are shown where several stand in a line. */
const SHORT = 16;

const PARTS: Readonly<Record<NonNullable<TrustView['truncated']>, string>> = {
  hops: 'a part of the deals (some are further away than is looked)',
  edges: 'a part of the deals (more than are looked at)',
  work: 'at least this (the deals around it take more work than is done)',
};

const percent = ({ hits, walks }: TrustView): string =>
  `${((100 * hits) / walks).toFixed(hits * 100 < walks ? 2 : 1)} %`;

/** `edmp trust`: what completed deals say of somebody. */
export function trustCommand(): Command {
  return remoteOptions(new Command('trust').description('what completed deals say of somebody'))
    .argument('<key>', 'its public key, 64 hexadecimal characters', publicKey)
    .option('--explain', 'along which deals, what bounds it, and what would raise it', false)
    .action(async (hex: string, options: RemoteOptions & { readonly explain: boolean }) => {
      const node = remoteNode(options);
      const [found, { key: self }] = await Promise.all([node.trust(hex), node.info()]);
      print(options.json, found, () => {
        const name = (agent: string): string =>
          agent === self ? 'you' : agent === hex ? 'it' : `${agent.slice(0, SHORT)}…`;
        const explained = options.explain ? found.flatMap((view) => ['', ...explanation(view, name)]) : [];
        return [summary(found), ...explained].join('\n');
      });
    });
}

function summary(found: readonly TrustView[]): string {
  const cheat = found.find(({ condemned }) => condemned);
  const rows = table(
    ['CURRENCY', 'GOOD FOR', 'STANDING', 'RANK', ''],
    found.map((view) => [
      view.currencyLabel,
      String(view.score),
      String(view.standing),
      percent(view),
      view.truncated === null ? '' : PARTS[view.truncated],
    ]),
  );
  if (cheat === undefined) return rows;
  return `PROVEN FRAUD (${cheat.proofs.length} proofs): nothing it signed counts for trust.\n${rows}`;
}

function explanation(view: TrustView, name: (agent: string) => string): string[] {
  const lines = [`${view.currencyLabel}: good for ${view.score}`];
  for (const { agents, amount } of view.paths)
    lines.push(`  ${amount} along ${agents.map(name).join(' → ')}`);
  if (view.morePaths > 0) lines.push(`  and ${view.morePaths} more ways`);
  for (const bound of view.bounds) lines.push(`  bounded by ${boundText(bound, name)}`);
  if (view.moreBounds > 0) lines.push(`  and by ${view.moreBounds} more`);
  for (const each of view.advice) lines.push(`  more when ${adviceText(each, name)}`);
  return lines;
}

function boundText(bound: TrustBoundView, name: (agent: string) => string): string {
  return bound.kind === 'deals'
    ? `what ${name(bound.seller)} sold to ${name(bound.buyer)}: ${bound.amount}`
    : `what ${name(bound.agent)} gave towards you and did not take: ${bound.amount}`;
}

function adviceText(advice: TrustAdviceView, name: (agent: string) => string): string {
  switch (advice.kind) {
    case 'buy-from-it':
      return 'you buy from it and the deal completes';
    case 'more-deals':
      return `${name(advice.buyer)} buys more from ${name(advice.seller)}`;
    case 'more-standing':
      return `${name(advice.agent)} sells more towards you`;
  }
}
