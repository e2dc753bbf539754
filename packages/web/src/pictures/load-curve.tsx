import type { VNode } from 'preact';
import type { Slot } from '../text/slots.ts';
import { Picture, round, Word } from './draw.tsx';

const LEFT = 34;
const BOTTOM = 22;

/** Where the picture's parts stand. */
export interface CurveScale {
  readonly top: number;
  readonly bottom: number;
}

/** The scale that holds all slots: whole steps above and below the line. */
export function curveScale(slots: readonly Slot[]): CurveScale {
  const most = (way: 'bought' | 'given'): number =>
    slots.reduce((highest, slot) => Math.max(highest, slot[way] ?? 0), 0);
  const bottom = most('given');
  return {
    top: Math.max(most('bought') * 1.08, bottom * 0.1, 0.2),
    bottom: bottom === 0 ? 0 : bottom * 1.08,
  };
}

/** A step of the axis that gives two to five lines above the base line. */
function axisStep(top: number): number {
  const base = 10 ** Math.floor(Math.log10(top));
  return [0.2, 0.5, 1, 2, 5].map((factor) => factor * base).find((step) => top / step <= 4) ?? base * 5;
}

/** Power as bars: bought up, given down, gaps hatched over both; never joined, never filled. */
export function LoadCurve(props: {
  readonly width: number;
  readonly height: number;
  readonly slots: readonly Slot[];
  readonly ticks: readonly { readonly index: number; readonly text: string }[];
  /** Slot that is read out. */
  readonly at: number | undefined;
  /** No bars of what is to come, and no gaps; ms since the epoch. */
  readonly until: number;
  readonly label: string;
}): VNode {
  const { width, height, slots, at } = props;
  const scale = curveScale(slots);
  const plot = height - BOTTOM;
  const perUnit = plot / (scale.top + scale.bottom);
  const base = scale.top * perUnit;
  const step = axisStep(scale.top);
  const wide = (width - LEFT) / Math.max(1, slots.length);
  const gap = wide > 3 ? 1 : 0;
  const lines = Array.from({ length: 12 }, (_, i) => (i - 5) * step).filter(
    (value) => value <= scale.top && -value <= scale.bottom,
  );
  const hatched = Math.min(60, base);
  return (
    <Picture width={width} height={height} label={props.label}>
      {lines.map((value) => (
        <g key={value}>
          <line
            x1={LEFT}
            x2={width}
            y1={round(base - value * perUnit)}
            y2={round(base - value * perUnit)}
            class={value === 0 ? 'k-edge' : 'k-line'}
          />
          <Word x={LEFT - 8} y={base - value * perUnit + 4} at="end">
            {String(Math.round(Math.abs(value) * 100) / 100)}
          </Word>
        </g>
      ))}
      {slots.map((slot, i) => {
        const x = round(LEFT + i * wide + gap / 2);
        const w = round(Math.max(0.5, wide - gap));
        if (slot.bought === null && slot.given === null)
          return slot.start + slot.length * 60_000 > props.until ? null : (
            <rect
              key={slot.start}
              x={x}
              y={round(base - hatched)}
              width={w}
              height={round(hatched + Math.min(hatched, scale.bottom * perUnit))}
              class="f-gap"
            />
          );
        const up = round((slot.bought ?? 0) * perUnit);
        const down = round((slot.given ?? 0) * perUnit);
        const corner = wide > 5 ? 1.5 : 0;
        return (
          <g key={slot.start}>
            {up > 0 && <rect x={x} y={round(base - up)} width={w} height={up} rx={corner} class="f-imp" />}
            {down > 0 && <rect x={x} y={round(base)} width={w} height={down} rx={corner} class="f-exp" />}
          </g>
        );
      })}
      {props.ticks.map(({ index, text }) => (
        <Word
          key={index}
          x={LEFT + index * wide}
          y={height - 4}
          at={index === 0 ? 'start' : index >= slots.length ? 'end' : 'middle'}
        >
          {text}
        </Word>
      ))}
      {at !== undefined && (
        <line
          x1={round(LEFT + (at + 0.5) * wide)}
          x2={round(LEFT + (at + 0.5) * wide)}
          y1="0"
          y2={plot}
          class="k-ink"
          stroke-width="1.5"
        />
      )}
    </Picture>
  );
}

/** Which of `count` slots lies under a pointer, by the picture's own width. */
export function slotUnder(share: number, width: number, count: number): number {
  const left = LEFT / width;
  return Math.min(count - 1, Math.max(0, Math.floor(((share - left) / (1 - left)) * count)));
}
