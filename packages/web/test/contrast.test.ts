import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('../src/styles/tokens.css', import.meta.url), 'utf8');

type Rgb = readonly [number, number, number];

/** Colours by day and by night: each token says both. */
function tokens(which: 'light' | 'dark'): ReadonlyMap<string, string> {
  return new Map(
    [...css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/g)].map(
      ([, name = '', day = '', night = '']) => [name, which === 'light' ? day : night],
    ),
  );
}

function rgb(color: string, behind: Rgb = [255, 255, 255]): Rgb {
  const [r = 0, g = 0, b = 0, a = 255] = (color.match(/[0-9a-f]{2}/g) ?? []).map((part) =>
    Number.parseInt(part, 16),
  );
  const mix = (top: number, below: number): number => (top * a + below * (255 - a)) / 255;
  return [mix(r, behind[0]), mix(g, behind[1]), mix(b, behind[2])];
}

/** Relative luminance and contrast of WCAG 2.2. */
function contrast(one: Rgb, other: Rgb): number {
  const luminance = (color: Rgb): number => {
    const [r = 0, g = 0, b = 0] = color.map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const SURFACES = ['paper', 'card', 'sunk', 'raise'] as const;

/** Text on what it stands on: at least 4.5 (WCAG 2.2, 1.4.3). */
const TEXT: readonly (readonly [front: string, back: string])[] = [
  ...['ink', 'ink-2', 'ink-3', 'link', 'good', 'warn', 'bad', 'held', 'free'].flatMap((front) =>
    SURFACES.map((back) => [front, back] as const),
  ),
  ['on-act', 'act'],
  ['on-act', 'act-hover'],
  ['link', 'act-soft'],
  ['ink', 'act-soft'],
  ['ink-2', 'act-soft'],
  ['good', 'good-soft'],
  ['warn', 'warn-soft'],
  ['bad', 'bad-soft'],
  ['held', 'held-soft'],
  ['ink', 'warn-soft'],
  ['ink', 'bad-soft'],
  ['ink-2', 'bad-soft'],
  ['ink', 'good-soft'],
  ['paper', 'ink'],
];

/** Edges of controls, the focus ring, data and marks: at least 3 (1.4.11). */
const MARKS: readonly (readonly [front: string, back: string])[] = [
  'edge',
  'focus',
  'act',
  'import',
  'export',
  'gas',
  'gap',
  'free',
  'held',
].flatMap((front) => SURFACES.map((back) => [front, back] as const));

describe.each([
  ['light', tokens('light')],
  ['dark', tokens('dark')],
])('%s colours', (_, colours) => {
  const color = (name: string): string => {
    const value = colours.get(name);
    if (value === undefined) throw new Error(`No --${name} in tokens.css`);
    return value;
  };
  const measure = (front: string, back: string): number => {
    const behind = rgb(color(back), rgb(color('card')));
    return contrast(rgb(color(front), behind), behind);
  };

  it.each(TEXT)('%s is readable on %s', (front, back) => {
    expect(measure(front, back)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(MARKS)('%s can be seen on %s', (front, back) => {
    expect(measure(front, back)).toBeGreaterThanOrEqual(3);
  });
});
