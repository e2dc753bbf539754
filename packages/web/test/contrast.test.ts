import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('../src/styles.css', import.meta.url), 'utf8');
const [light = '', dark = ''] = css.split('@media (prefers-color-scheme: dark)');

type Rgb = readonly [number, number, number];

function tokens(text: string): ReadonlyMap<string, string> {
  return new Map(
    [...text.matchAll(/--([\w-]+): (#[0-9a-f]{6,8});/g)].map(([, name = '', value = '']) => [name, value]),
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

/** Text on what it stands on: at least 4.5 (WCAG 2.2, 1.4.3). */
const TEXT = [
  ['text', 'bg'],
  ['text', 'surface'],
  ['text', 'sunken'],
  ['text', 'bad-soft'],
  ['text', 'good-soft'],
  ['text', 'busy-soft'],
  ['text', 'accent-soft'],
  ['muted', 'bg'],
  ['muted', 'surface'],
  ['muted', 'sunken'],
  ['muted', 'accent-soft'],
  ['muted', 'bad-soft'],
  ['accent', 'surface'],
  ['accent', 'bg'],
  ['accent', 'good-soft'],
  ['accent-strong', 'accent-soft'],
  ['on-accent', 'accent'],
  ['on-accent', 'accent-strong'],
  ['good', 'good-soft'],
  ['busy', 'busy-soft'],
  ['bad', 'bad-soft'],
  ['bad', 'surface'],
  ['bad', 'busy-soft'],
  ['bad', 'sunken'],
  ['busy', 'sunken'],
] as const;

/** Edges of controls, the focus ring and marks: at least 3 (1.4.11). */
const MARKS = [
  ['edge', 'surface'],
  ['edge', 'bg'],
  ['focus', 'surface'],
  ['focus', 'bg'],
  ['accent', 'surface'],
  ['busy', 'surface'],
] as const;

describe.each([
  ['light', tokens(light)],
  ['dark', new Map([...tokens(light), ...tokens(dark)])],
])('%s colours', (_, colours) => {
  const color = (name: string): string => {
    const value = colours.get(name);
    if (value === undefined) throw new Error(`No --${name} in styles.css`);
    return value;
  };
  const measure = (front: string, back: string): number => {
    const behind = rgb(color(back), rgb(color('surface')));
    return contrast(rgb(color(front), behind), behind);
  };

  it.each(TEXT)('%s is readable on %s', (front, back) => {
    expect(measure(front, back)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(MARKS)('%s can be seen on %s', (front, back) => {
    expect(measure(front, back)).toBeGreaterThanOrEqual(3);
  });
});
