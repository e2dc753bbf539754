import type { ComponentChildren, VNode } from 'preact';

/** Shapes of the icons: our own drawings, 24 px box, stroke 1.8. */
const SHAPES = {
  home: (
    <>
      <path d="M4 11.5 12 5l8 6.5V19a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1z" />
      <path d="M9.5 20v-5.5h5V20" />
    </>
  ),
  energy: (
    <>
      <path d="M3 14h3l2.5-7 4 11 3-8 1.5 4h4" />
    </>
  ),
  sell: (
    <>
      <path d="M4 12.2V5.5A1.5 1.5 0 0 1 5.5 4h6.7L20 11.8a1.5 1.5 0 0 1 0 2.1L13.9 20a1.5 1.5 0 0 1-2.1 0z" />
      <circle cx="8.5" cy="8.5" r="1.3" />
    </>
  ),
  market: (
    <>
      <path d="M4 9.5 5.5 5h13L20 9.5M4 9.5a2.7 2.7 0 0 0 5.3 0 2.7 2.7 0 0 0 5.4 0 2.7 2.7 0 0 0 5.3 0M5.5 12.5V20h13v-7.5" />
    </>
  ),
  trust: (
    <>
      <path d="M7 3c0 5 10 4 10 9s-10 4-10 9M17 3c0 5-10 4-10 9s10 4 10 9" />
    </>
  ),
  ok: (
    <>
      <path d="m5 12.5 4.5 4.5L19 7.5" />
    </>
  ),
  x: (
    <>
      <path d="m6 6 12 12M18 6 6 18" />
    </>
  ),
  warn: (
    <>
      <path d="M12 4 2.8 19.5h18.4zM12 10v4.5M12 17v.2" />
    </>
  ),
  info: (
    <>
      <circle cx="12" cy="12" r="9" />
      <path d="M12 11v5.5M12 7.5v.2" />
    </>
  ),
  clock: (
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M12 7v5l3.5 2" />
    </>
  ),
  lock: (
    <>
      <rect x="5" y="11" width="14" height="9" rx="2" />
      <path d="M8 11V8a4 4 0 0 1 8 0v3" />
    </>
  ),
  eye: (
    <>
      <path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z" />
      <circle cx="12" cy="12" r="2.8" />
    </>
  ),
  all: (
    <>
      <circle cx="8" cy="9" r="3" />
      <circle cx="16.5" cy="10" r="2.5" />
      <path d="M2.5 19c.5-4 2.5-6 5.5-6s5 2 5.5 6M15 14.5c3.5-.8 6 1 6.5 4.5" />
    </>
  ),
  one: (
    <>
      <circle cx="12" cy="8" r="3.5" />
      <path d="M5 20c.6-4.5 3.2-7 7-7s6.4 2.5 7 7" />
    </>
  ),
  none: (
    <>
      <path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM4 20 20 4" />
    </>
  ),
  meter: (
    <>
      <rect x="4.5" y="3" width="15" height="18" rx="3" />
      <path d="M8 8h8v4H8zM9 16h.2M12 16h.2M15 16h.2" />
    </>
  ),
  plug: (
    <>
      <path d="M9 3v5M15 3v5M6.5 8h11v3.5a5.5 5.5 0 0 1-11 0zM12 17v4" />
    </>
  ),
  file: (
    <>
      <path d="M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6" />
    </>
  ),
  wave: (
    <>
      <path d="M4 9c2-3 4-3 6 0s4 3 6 0 3-2.5 4-1.5M4 16c2-3 4-3 6 0s4 3 6 0 3-2.5 4-1.5" />
    </>
  ),
  net: (
    <>
      <circle cx="12" cy="5" r="2" />
      <circle cx="5" cy="18" r="2" />
      <circle cx="19" cy="18" r="2" />
      <path d="m11 7-5 9M13 7l5 9M7 18h10" />
    </>
  ),
  theme: (
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M12 3.5v17a8.5 8.5 0 0 0 0-17z" fill="currentColor" />
    </>
  ),
  key: (
    <>
      <circle cx="8" cy="14" r="4" />
      <path d="m11 11 8-8M15.5 6.5 18 9" />
    </>
  ),
  search: (
    <>
      <circle cx="10.5" cy="10.5" r="6" />
      <path d="m15 15 5.5 5.5" />
    </>
  ),
  pin: (
    <>
      <path d="M12 21s-6.5-6-6.5-11a6.5 6.5 0 0 1 13 0c0 5-6.5 11-6.5 11z" />
      <circle cx="12" cy="10" r="2.3" />
    </>
  ),
  dice: (
    <>
      <rect x="4" y="4" width="16" height="16" rx="3" />
      <path d="M8.5 8.5h.2M15.5 8.5h.2M12 12h.2M8.5 15.5h.2M15.5 15.5h.2" />
    </>
  ),
  down: (
    <>
      <path d="M12 4v12M6.5 11 12 16.5 17.5 11M5 20h14" />
    </>
  ),
  spark: (
    <>
      <path d="M12 3v5M12 16v5M3 12h5M16 12h5M6 6l3 3M15 15l3 3M18 6l-3 3M9 15l-3 3" />
    </>
  ),
  hand: (
    <>
      <path d="M4 12h9M9 7l5 5-5 5M17 5v14" />
    </>
  ),
  house2: (
    <>
      <path d="M3 12 8 7.5 13 12v8H3zM13 14l4-3.5 4 3.5v6h-8" />
    </>
  ),
  filter: (
    <>
      <path d="M4 6h16M7 12h10M10 18h4" />
    </>
  ),
} as const;

/** Name of an icon. */
export type IconName = keyof typeof SHAPES;

/** A drawing beside a word; it says nothing that the word does not. */
export function Icon(props: { readonly name: IconName; readonly size?: number }): VNode {
  const shape: ComponentChildren = SHAPES[props.name];
  return (
    <svg
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      {...(props.size === undefined ? {} : { width: props.size, height: props.size })}
    >
      {shape}
    </svg>
  );
}

/** The sign of the program: a sun over two strands. */
export function Logo(): VNode {
  return (
    <svg viewBox="0 0 40 40" aria-hidden="true">
      <rect width="40" height="40" rx="11" fill="#2c2159" />
      <path d="M11 19.5a9 9 0 0 1 18 0z" fill="#f4b64b" />
      <path
        d="M7 32.5c9 0 17-8.5 26-8.5"
        fill="none"
        stroke="#b3a6ee"
        stroke-width="3"
        stroke-linecap="round"
      />
      <path d="M7 24c9 0 17 8.5 26 8.5" fill="none" stroke="#2c2159" stroke-width="6.5" />
      <path
        d="M7 24c9 0 17 8.5 26 8.5"
        fill="none"
        stroke="#fff6e3"
        stroke-width="3"
        stroke-linecap="round"
      />
    </svg>
  );
}

/** A sample of a colour in a legend, by the class that fills it. */
export function Swatch({ fill }: { readonly fill: string }): VNode {
  return (
    <svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">
      <rect width="14" height="14" rx="3" class={fill} />
    </svg>
  );
}

/** Patterns that the pictures fill with: what is held and what is missing are hatched. */
export function Patterns(): VNode {
  return (
    <svg width="0" height="0" class="defs" aria-hidden="true" focusable="false">
      <defs>
        <pattern id="gap" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="6" height="6" class="f-sunk" />
          <rect width="2" height="6" class="f-gapline2" />
        </pattern>
        <pattern id="held" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="7" height="7" class="f-heldsoft" />
          <rect width="3" height="7" class="f-heldline" />
        </pattern>
      </defs>
    </svg>
  );
}
