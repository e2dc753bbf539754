import type { VNode } from 'preact';
import type { Slot } from '../text/slots.ts';
import { Picture, round, Word } from './draw.tsx';

const SIZE = 380;
const MINUTES = 1_440;

/**
 * A day as a clock of 24 hours, noon on top as the sun stands: a bar for each quarter of an hour, as long as its power,
 * the longest is the day's highest. What is to come are dots; `nowMinute` is undefined for a day that is over.
 */
export function DayRing(props: {
  readonly slots: readonly Slot[];
  readonly nowMinute: number | undefined;
  readonly number: string;
  readonly words: string;
  readonly label: string;
}): VNode {
  const { slots, nowMinute = MINUTES } = props;
  const centre = SIZE / 2;
  const ring = SIZE * 0.315;
  const longest = SIZE * 0.18;
  const highest = slots.reduce((most, slot) => Math.max(most, slot.bought ?? 0, slot.given ?? 0), 0.001);
  const angle = (minute: number): number => (minute / MINUTES) * 2 * Math.PI + Math.PI / 2;
  const at = (minute: number, radius: number): readonly [x: number, y: number] => [
    round(centre + Math.cos(angle(minute)) * radius),
    round(centre + Math.sin(angle(minute)) * radius),
  ];
  const [handX, handY] = at(nowMinute, ring - 9);
  return (
    <Picture width={SIZE} height={SIZE} label={props.label}>
      <circle cx={centre} cy={centre} r={round(ring - 9)} fill="none" class="k-line" stroke-width="1" />
      {slots.map((slot) => {
        const middle = slot.minute + slot.length / 2;
        const [x, y] = at(middle, ring);
        if (slot.minute >= nowMinute)
          return <circle key={slot.minute} cx={x} cy={y} r="1.3" class="f-line" />;
        const [bought, given] = [slot.bought ?? 0, slot.given ?? 0];
        if (slot.bought === null && slot.given === null)
          return <circle key={slot.minute} cx={x} cy={y} r="2" class="f-gapline2" />;
        const length = Math.max(2.5, (Math.max(bought, given) / highest) * longest);
        const [x2, y2] = at(middle, ring + length);
        return (
          <line
            key={slot.minute}
            x1={x}
            y1={y}
            x2={x2}
            y2={y2}
            class={given > bought ? 'k-exp' : 'k-imp'}
            stroke-width={round(SIZE / 76)}
            stroke-linecap="round"
          />
        );
      })}
      {nowMinute < MINUTES && <circle cx={handX} cy={handY} r="8.5" class="f-sun hand" stroke-width="3" />}
      {(
        [
          ['12', 0, -1],
          ['18', 1, 0],
          ['0 h', 0, 1],
          ['6', -1, 0],
        ] as const
      ).map(([text, dx, dy]) => (
        <g class="hours" key={text}>
          <Word x={centre + dx * (ring - 27)} y={centre + dy * (ring - 26) + 4} at="middle">
            {text}
          </Word>
        </g>
      ))}
      <text x={centre} y={centre + 6} text-anchor="middle" class="ring-number">
        {props.number}
      </text>
      <text x={centre} y={centre + 30} text-anchor="middle" class="ring-words">
        {props.words}
      </text>
    </Picture>
  );
}
