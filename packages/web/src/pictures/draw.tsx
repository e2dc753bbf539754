import type { ComponentChildren, VNode } from 'preact';

/** A coordinate as short as the eye needs it. */
export const round = (value: number): number => Math.round(value * 10) / 10;

/** A picture that says its finding to those who do not see it. */
export function Picture(props: {
  readonly width: number;
  readonly height: number;
  readonly label: string;
  readonly children: ComponentChildren;
}): VNode {
  return (
    <svg viewBox={`0 0 ${props.width} ${props.height}`} role="img" aria-label={props.label}>
      {props.children}
    </svg>
  );
}

/** A word in a picture. */
export function Word(props: {
  readonly x: number;
  readonly y: number;
  readonly at?: 'start' | 'middle' | 'end';
  readonly strong?: boolean;
  readonly children: ComponentChildren;
}): VNode {
  return (
    <text
      x={round(props.x)}
      y={round(props.y)}
      {...(props.at === undefined ? {} : { 'text-anchor': props.at })}
      {...(props.strong === true ? { class: 'b' } : {})}
    >
      {props.children}
    </text>
  );
}

/** One drawing for a desk and one for a phone; the style sheet shows the one that fits. */
export function Dual(props: {
  readonly wide: number;
  readonly narrow: number;
  readonly draw: (width: number, isNarrow: boolean) => ComponentChildren;
}): VNode {
  return (
    <>
      <div class="on-wide">{props.draw(props.wide, false)}</div>
      <div class="on-narrow">{props.draw(props.narrow, true)}</div>
    </>
  );
}
