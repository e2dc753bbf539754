import type { VNode } from 'preact';
import { Picture, round, Word } from './draw.tsx';

const WIDTH = 320;
const HEIGHT = 120;

/** Mean power per hour of working days (solid) and weekends (dashed), kW; null: no such day was measured. */
export function UsualDay(props: {
  readonly work: readonly number[] | null;
  readonly weekend: readonly number[] | null;
  readonly label: string;
}): VNode {
  const most = Math.max(0.01, ...(props.work ?? []), ...(props.weekend ?? [])) * 1.08;
  const x = (hour: number): number => round(2 + (hour / 23) * (WIDTH - 4));
  const y = (power: number): number => round(6 + (1 - power / most) * (HEIGHT - 28));
  const path = (powers: readonly number[]): string =>
    powers.map((power, hour) => `${hour === 0 ? 'M' : 'L'}${x(hour)} ${y(power)}`).join('');
  return (
    <Picture width={WIDTH} height={HEIGHT} label={props.label}>
      <line x1="2" x2={WIDTH - 2} y1={y(0)} y2={y(0)} class="k-edge" />
      {props.weekend !== null && (
        <path d={path(props.weekend)} fill="none" class="k-exp" stroke-width="2.5" stroke-dasharray="5 4" />
      )}
      {props.work !== null && <path d={path(props.work)} fill="none" class="k-imp" stroke-width="2.5" />}
      <Word x={2} y={HEIGHT - 4}>
        0 h
      </Word>
      <Word x={x(12)} y={HEIGHT - 4} at="middle">
        12 h
      </Word>
      <Word x={WIDTH - 2} y={HEIGHT - 4} at="end">
        24 h
      </Word>
    </Picture>
  );
}
