import type { Gain } from './lab.ts';

/** A walk that came to the attacker goes on α/(1 − α) = 5.67 steps more, as a rule; with what chance adds to a few hundred walks. */
const MOST_HITS = 6.5;

/** Rules that a gain breaks; none when the scores hold. */
export function brokenRules(gain: Gain): string[] {
  const broken: string[] = [];
  const { exposureBefore, exposureAfter, bestScore, hitsBefore, hitsAfter, bestHits, honestChanged } = gain;
  if (exposureAfter > exposureBefore) broken.push('more may be at risk than the attacker is good for');
  if (bestScore > exposureBefore) broken.push('a made-up agent is good for more than the attacker');
  if (bestHits > hitsBefore) broken.push('more walks come to a made-up agent than to the attacker');
  if (hitsAfter > hitsBefore * (1 + MOST_HITS)) broken.push('the crowd gains more walks than walks go on');
  if (honestChanged > 0) broken.push(`scores of ${honestChanged} honest agents changed`);
  return broken;
}

/** The gains as a table of Markdown. */
export function gainTable(gains: readonly Gain[], seed: number): string {
  const rows = gains.map((gain) => {
    const { shape, identities, exposureBefore, exposureAfter, bestScore } = gain;
    const { hitsBefore, hitsAfter, bestHits, honestChanged } = gain;
    const flow = ratio(exposureAfter, exposureBefore);
    const rank = ratio(hitsAfter, hitsBefore);
    return `| ${shape} | ${identities} | ${exposureBefore} → ${exposureAfter} (${flow}) | ${bestScore} | ${hitsBefore} → ${hitsAfter} (${rank}) | ${bestHits} | ${honestChanged} |`;
  });
  return [
    '',
    `Seed ${seed}, \`pnpm sim sybil --seed ${seed} --write\`:`,
    '',
    '| shape | made-up agents | NetFlow: at risk with all of them at once, before → after | best one alone | MeritRank: walks to all of them, before → after | best one alone | honest scores changed |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function ratio(after: number, before: number): string {
  return before === 0 ? (after === 0 ? '× 1' : '× ∞') : `× ${(after / before).toFixed(2)}`;
}
