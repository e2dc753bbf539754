import type { IntervalStep } from '@edmp/interface';
import { nominalStepMinutes } from '@edmp/interface/dataset';
import type { CurveQuery, RevealsView } from '@edmp/node/client';
import { STEPS } from './words.ts';

/** One thing that a stranger can tell. */
export type Finding = RevealsView['found'][number];

/** Most values that a node gives at once. */
const MAX_VALUES = 50_000;

/** The next finer and the next coarser step that a listing may have; undefined at the ends. */
export function stepsAround(step: IntervalStep): {
  readonly finer: IntervalStep | undefined;
  readonly coarser: IntervalStep | undefined;
} {
  const at = STEPS.findIndex((known) => known.step === step);
  return { finer: STEPS[at - 1]?.step, coarser: STEPS[at + 1]?.step };
}

/** Whether the days of a query have more values at `step` than a node gives at once. */
export function isTooFine(query: CurveQuery, step: IntervalStep): boolean {
  const days = (Date.parse(query.to) - Date.parse(query.from)) / 86_400_000 + 1;
  return (days * 1440) / nominalStepMinutes(step) > MAX_VALUES;
}

/** Findings of `one` whose kind `other` lacks. */
export function onlyIn(one: readonly Finding[], other: readonly Finding[]): readonly Finding[] {
  const kinds = new Set(other.map((finding) => finding.kind));
  return one.filter((finding) => !kinds.has(finding.kind));
}

const KINDS: Readonly<Record<string, string>> = {
  consumption: 'How much is used on a usual day',
  'base-load': 'How much always runs',
  'wake-and-sleep': 'When people get up and go to bed',
  'at-home-by-day': 'Whether somebody is at home by day',
  absence: 'Days when nobody is at home',
  'electric-vehicle': 'A car that is charged at home',
  'solar-panels': 'Solar panels',
  appliances: 'Single uses of kettle, oven and the like',
};

/** Short name of a kind of finding. */
export function findingName(kind: string): string {
  return KINDS[kind] ?? kind.replaceAll('-', ' ');
}

/** Word and sign for how much a finding says about the people, most first. */
export const SENSITIVITIES: Readonly<
  Record<Finding['sensitivity'], { readonly word: string; readonly sign: string; readonly rank: number }>
> = {
  high: { word: 'Very private', sign: '▲', rank: 0 },
  medium: { word: 'Private', sign: '◆', rank: 1 },
  low: { word: 'About the house', sign: '●', rank: 2 },
};

/** The most private findings first. */
export function byPrivacy(found: readonly Finding[]): readonly Finding[] {
  return [...found].sort((a, b) => SENSITIVITIES[a.sensitivity].rank - SENSITIVITIES[b.sensitivity].rank);
}
