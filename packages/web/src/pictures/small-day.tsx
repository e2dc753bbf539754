import type { VNode } from 'preact';
import type { Slot } from '../text/slots.ts';
import { Picture, round } from './draw.tsx';

const WIDTH = 240;
const HEIGHT = 104;

/** A day at one step, on the scale that it shares with the other steps. */
export function SmallDay(props: {
  readonly slots: readonly Slot[];
  /** Power of the full height, kW. */
  readonly top: number;
  readonly label: string;
}): VNode {
  const { slots, top } = props;
  const wide = WIDTH / Math.max(1, slots.length);
  // One shape for all bars: a minute's day has 1 440 of them.
  const shape = slots
    .map((slot, i) => {
      const tall = round(Math.min(1, (slot.bought ?? 0) / top) * HEIGHT);
      if (slot.bought === null) return '';
      const gap = wide > 4 ? 1 : 0;
      return `M${round(i * wide)} ${HEIGHT}v${-Math.max(0.5, tall)}h${round(Math.max(0.5, wide - gap) * 10) / 10}V${HEIGHT}z`;
    })
    .join('');
  return (
    <Picture width={WIDTH} height={HEIGHT} label={props.label}>
      <path d={shape} class="f-imp" />
      <line x1="0" x2={WIDTH} y1={HEIGHT} y2={HEIGHT} class="k-edge" />
    </Picture>
  );
}
