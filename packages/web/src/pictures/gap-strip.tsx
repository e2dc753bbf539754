import type { VNode } from 'preact';
import { shortDay } from '../text/when.ts';
import { Picture, round, Word } from './draw.tsx';

const HEIGHT = 28;
/** What is missing is never thinner than this, px. */
const THINNEST = 6;

/** A day and what is missing of it, as shares of the day. */
export interface Coverage {
  readonly date: string;
  /** How much of the day is over. */
  readonly until: number;
  readonly gaps: readonly { readonly from: number; readonly to: number }[];
}

/** One block a day, what is missing cut out and marked below. */
export function GapStrip(props: {
  readonly width: number;
  readonly days: readonly Coverage[];
  readonly label: string;
}): VNode {
  const { width, days } = props;
  const wide = width / Math.max(1, days.length);
  return (
    <Picture width={width} height={HEIGHT + 30} label={props.label}>
      {days.map((day, at) => (
        <g key={day.date}>
          <rect
            x={round(at * wide + 0.75)}
            width={round(Math.max(0, wide * day.until - 1.5))}
            height={HEIGHT}
            rx="3"
            class="f-imp"
          />
          {day.gaps.map((gap) => {
            const size = Math.max(THINNEST, (gap.to - gap.from) * wide);
            const x = Math.min((at + 1) * wide - size - 1, at * wide + gap.from * wide);
            return (
              <g key={gap.from}>
                <rect x={round(x)} width={round(size)} height={HEIGHT} class="f-card" />
                <rect x={round(x + 0.5)} width={round(size - 1)} height={HEIGHT} class="f-gap" />
                <path d={`M${round(x + size / 2)} ${HEIGHT + 4}l5 8h-10z`} class="f-warn" />
              </g>
            );
          })}
        </g>
      ))}
      <Word x={0} y={HEIGHT + 26}>
        {days[0] === undefined ? '' : shortDay(days[0].date)}
      </Word>
      <Word x={width} y={HEIGHT + 26} at="end">
        {shortDay(days.at(-1)?.date ?? '1970-01-01')}
      </Word>
    </Picture>
  );
}
