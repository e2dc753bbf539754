import type { VNode } from 'preact';
import type { Day } from '../text/slots.ts';
import { shortDay } from '../text/when.ts';
import { Picture, round, Word } from './draw.tsx';

/** Fixed thresholds, kW, so that weeks compare. */
const THRESHOLDS = [0.14, 0.26, 0.45, 0.75, 1.15] as const;
const LEFT = 34;

/** Step of the colours, 0 to 5, of a mean power in kW. */
export function heatLevel(power: number): number {
  return THRESHOLDS.filter((threshold) => power >= threshold).length;
}

/** Mean power per hour and day: columns are days, rows hours; hatched where nothing was received. */
export function HeatMap(props: {
  readonly width: number;
  readonly isNarrow: boolean;
  readonly days: readonly Day[];
  /** Hours after this are to come, ms since the epoch. */
  readonly until: number;
  readonly label: string;
}): VNode {
  const { width, isNarrow, days } = props;
  const column = (width - LEFT) / Math.max(1, days.length);
  const row = isNarrow ? 9 : 13;
  const gap = isNarrow ? 1 : 2;
  const top = 4;
  return (
    <Picture width={width} height={top + 24 * row + 22} label={props.label}>
      {days.map((day, at) =>
        day.slots.map((slot) => {
          if (slot.bought === null && slot.start + 3_600_000 > props.until) return null;
          return (
            <rect
              key={slot.start}
              x={round(LEFT + at * column)}
              y={round(top + Math.floor(slot.minute / 60) * row)}
              width={round(column - gap)}
              height={row - gap}
              rx="2"
              class={slot.bought === null ? 'f-gap' : `h${heatLevel(slot.bought)}`}
            />
          );
        }),
      )}
      {[0, 6, 12, 18].map((hour) => (
        <Word key={hour} x={LEFT - 8} y={top + hour * row + 10} at="end">
          {`${hour} h`}
        </Word>
      ))}
      {days.map((day, at) =>
        at % 7 === 0 ? (
          <Word key={day.date} x={LEFT + at * column} y={top + 24 * row + 16}>
            {shortDay(day.date)}
          </Word>
        ) : null,
      )}
    </Picture>
  );
}
