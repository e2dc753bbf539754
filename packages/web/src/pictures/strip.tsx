import type { VNode } from 'preact';

/** Cells in a row, each full (1), in part, or empty (0). */
export function Strip(props: {
  readonly cells: readonly number[];
  readonly label: string;
  readonly fill?: 'f-imp' | 'f-exp' | 'f-gas';
}): VNode {
  return (
    <div class={`cells ${props.fill ?? 'f-imp'}`} role="img" aria-label={props.label}>
      {props.cells.map((share, i) =>
        share === 1 ? <i key={i} /> : <i key={i} style={{ '--v': String(share) }} />,
      )}
    </div>
  );
}
