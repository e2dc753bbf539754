import type { VNode } from 'preact';
import { geohashBox } from '../text/format.ts';
import { Picture, round, Word } from './draw.tsx';

const COLUMNS = 6;
const ROWS = 5;

/**
 * The square of a geohash in a drawn grid of its neighbours, north up. Invented land, no street map: nothing is asked of
 * anybody, and nobody learns more than the square.
 */
export function PlaceMap(props: {
  readonly width: number;
  /** The cell that others learn; null: none. */
  readonly cell: string | null;
  readonly label: string;
}): VNode {
  const { width, cell } = props;
  const height = Math.round(width * 0.74);
  const [wide, tall] = [width / COLUMNS, height / ROWS];
  const box = cell === null ? undefined : geohashBox(cell);
  // The shorter the hash, the larger the square on the drawing.
  const size = cell === null ? 0 : Math.max(0.5, 4.5 - 0.9 * cell.length);
  const [x, y] = [width / 2 - (size * wide) / 2, height / 2 - (size * tall) / 2];
  const degrees = (value: number, plus: string, minus: string): string =>
    `${Math.abs(value).toFixed(1)}° ${value < 0 ? minus : plus}`;
  return (
    <Picture width={width} height={height} label={props.label}>
      <rect width={width} height={height} rx="10" class="sea" />
      <path
        d={`M${round(width * 0.18)} ${height}C${round(width * 0.12)} ${round(height * 0.85)} ${round(width * 0.26)} ${round(height * 0.7)} ${round(width * 0.3)} ${round(height * 0.5)}S${round(width * 0.42)} ${round(height * 0.15)} ${round(width * 0.46)} 0H${width - 10}a10 10 0 0 1 10 10V${height - 10}a10 10 0 0 1 -10 10Z`}
        class="f-sunk k-edge"
        stroke-width="1"
      />
      {Array.from({ length: COLUMNS - 1 }, (_, i) => (
        <line
          key={i}
          x1={round((i + 1) * wide)}
          x2={round((i + 1) * wide)}
          y1="0"
          y2={height}
          class="k-edge"
          stroke-width=".6"
          stroke-dasharray="2 3"
        />
      ))}
      {Array.from({ length: ROWS - 1 }, (_, i) => (
        <line
          key={i}
          x1="0"
          x2={width}
          y1={round((i + 1) * tall)}
          y2={round((i + 1) * tall)}
          class="k-edge"
          stroke-width=".6"
          stroke-dasharray="2 3"
        />
      ))}
      {box !== undefined && (
        <>
          <rect
            x={round(x)}
            y={round(y)}
            width={round(size * wide)}
            height={round(size * tall)}
            rx="4"
            class="brush k-act"
            stroke-width="2.5"
          />
          <Word x={width / 2} y={Math.max(14, y - 6)} at="middle" strong>
            {degrees(box.north, 'N', 'S')}
          </Word>
          <Word x={width / 2} y={Math.min(height - 6, y + size * tall + 16)} at="middle" strong>
            {degrees(box.south, 'N', 'S')}
          </Word>
        </>
      )}
    </Picture>
  );
}
