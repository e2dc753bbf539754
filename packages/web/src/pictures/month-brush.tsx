import type { VNode } from 'preact';
import { type Day, energyOf } from '../text/slots.ts';
import { shortDay } from '../text/when.ts';
import { Picture, round, Word } from './draw.tsx';

const LEFT = 30;
const BOTTOM = 22;

/** Daily sums with the chosen days framed; the first and last day of the frame follow a pointer that is pressed. */
export function MonthBrush(props: {
  readonly width: number;
  readonly height: number;
  readonly days: readonly Day[];
  /** Index of the first and last chosen day; undefined: none of these days. */
  readonly chosen: readonly [first: number, last: number] | undefined;
  readonly label: string;
}): VNode {
  const { width, height, days, chosen } = props;
  const base = height - BOTTOM;
  const wide = (width - LEFT) / Math.max(1, days.length);
  const sums = days.map((day) => energyOf(day.slots, 'bought'));
  const most = Math.max(1, ...sums) * 1.1;
  const tall = (sum: number): number => (sum / most) * (base - 6);
  const steps = [0, 0.5, 1].map((share) => Math.round(most * 0.9 * share));
  return (
    <Picture width={width} height={height} label={props.label}>
      {[...new Set(steps)].map((value) => (
        <g key={value}>
          <line
            x1={LEFT}
            x2={width}
            y1={round(base - tall(value))}
            y2={round(base - tall(value))}
            class={value === 0 ? 'k-edge' : 'k-line'}
          />
          <Word x={LEFT - 8} y={base - tall(value) + 4} at="end">
            {String(value)}
          </Word>
        </g>
      ))}
      {days.map((day, i) => {
        const isChosen = chosen !== undefined && i >= chosen[0] && i <= chosen[1];
        const isMissing = day.slots.every((slot) => slot.bought === null);
        const up = isMissing ? 20 : tall(sums[i] ?? 0);
        return (
          <rect
            key={day.date}
            x={round(LEFT + i * wide + 1)}
            y={round(base - up)}
            width={round(Math.max(1, wide - 2))}
            height={round(up)}
            rx="2"
            class={isMissing ? 'f-gap' : 'f-imp'}
            opacity={isChosen ? 1 : 0.28}
          />
        );
      })}
      {chosen !== undefined && (
        <>
          <rect
            x={round(LEFT + chosen[0] * wide)}
            y="1"
            width={round((chosen[1] - chosen[0] + 1) * wide)}
            height={base - 1}
            rx="4"
            class="brush k-act"
            stroke-width="2"
          />
          {[chosen[0], chosen[1] + 1].map((edge) => (
            <rect
              key={edge}
              x={round(LEFT + edge * wide - 5)}
              y={base / 2 - 16}
              width="10"
              height="32"
              rx="5"
              class="f-act"
            />
          ))}
        </>
      )}
      {days.map((day, i) =>
        i % 7 === 0 ? (
          <Word key={day.date} x={LEFT + i * wide} y={height - 4}>
            {shortDay(day.date)}
          </Word>
        ) : null,
      )}
    </Picture>
  );
}

/** Which day lies under a pointer. */
export function dayUnder(share: number, width: number, count: number): number {
  const left = LEFT / width;
  return Math.min(count - 1, Math.max(0, Math.floor(((share - left) / (1 - left)) * count)));
}
