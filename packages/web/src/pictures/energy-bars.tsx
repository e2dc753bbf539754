import { type CurveView, intervalStarts, localTime } from '@edmp/node/client';
import type { VNode } from 'preact';
import { shortDay } from '../text/when.ts';
import { Picture, round, Word } from './draw.tsx';

const LEFT = 40;
const BOTTOM = 22;

/** Energy of each interval as a bar; hatched where there is no data; as wide as its interval is long. */
export function EnergyBars(props: {
  readonly width: number;
  readonly height: number;
  readonly curve: CurveView;
  readonly label: string;
}): VNode {
  const { width, height, curve } = props;
  const base = height - BOTTOM;
  const starts = intervalStarts(curve.start, curve.step, curve.zone, curve.values.length + 1);
  const [first, last] = [starts[0] ?? 0, starts.at(-1) ?? 1];
  const x = (at: number): number => LEFT + ((at - first) / Math.max(1, last - first)) * (width - LEFT);
  const most = curve.values.reduce<number>((top, value) => Math.max(top, value ?? 0), 1) * 1.1;
  const gap = (width - LEFT) / curve.values.length > 3 ? 1 : 0;
  // One shape for all bars: there may be tens of thousands of them.
  const bars: string[] = [];
  const gaps: string[] = [];
  for (const [i, value] of curve.values.entries()) {
    const from = x(starts[i] ?? 0);
    const wide = round(Math.max(0.4, x(starts[i + 1] ?? 0) - from - gap));
    const up = value === null ? base / 3 : (value / most) * base;
    const shape = `M${round(from)} ${base}v${-round(up)}h${wide}V${base}z`;
    if (value === null) gaps.push(shape);
    else bars.push(shape);
  }
  const top = most / 1.1 / 1_000_000;
  return (
    <Picture width={width} height={height} label={props.label}>
      {[0, 0.5, 1].map((share) => {
        const y = round(base - (share / 1.1) * base);
        return (
          <g key={share}>
            <line x1={LEFT} x2={width} y1={y} y2={y} class={share === 0 ? 'k-edge' : 'k-line'} />
            <Word x={LEFT - 6} y={y + 4} at="end">
              {share === 0 ? '0' : (top * share).toPrecision(2)}
            </Word>
          </g>
        );
      })}
      <path d={gaps.join('')} class="f-gap" />
      <path d={bars.join('')} class="f-imp" />
      {ticksOf(curve, starts, width < 400 ? 4 : 8).map(({ at, text }) => (
        <Word key={at} x={x(at)} y={height - 4} at={at === first ? 'start' : 'middle'}>
          {text}
        </Word>
      ))}
    </Picture>
  );
}

/** Where the axis is named: hours of one day, or days. */
function ticksOf(
  curve: CurveView,
  starts: readonly number[],
  most: number,
): readonly { readonly at: number; readonly text: string }[] {
  const local = localTime(curve.zone);
  const hours = ((starts.at(-1) ?? 0) - (starts[0] ?? 0)) / 3_600_000;
  const every = Math.max(1, Math.ceil(curve.values.length / most));
  return starts.slice(0, -1).flatMap((at, i) => {
    if (i % every !== 0) return [];
    const text = local(at);
    return [
      { at, text: hours <= 25 && curve.step !== 'P1D' ? text.slice(11, 16) : shortDay(text.slice(0, 10)) },
    ];
  });
}
