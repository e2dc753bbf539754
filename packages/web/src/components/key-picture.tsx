import type { VNode } from 'preact';

const COLOURS = [
  '#3d63c4',
  '#c2701c',
  '#8e3f80',
  '#0f7a6c',
  '#7a6a1a',
  '#5b4bb0',
  '#a9432a',
  '#5a6472',
] as const;

/** What a key's picture looks like: numbers from its bytes. */
export interface KeyShape {
  readonly ground: string;
  readonly band: string;
  readonly turn: number;
  readonly tilt: number;
  readonly width: number;
  readonly far: number;
  readonly size: number;
}

/** The picture of a key of hexadecimal digits; of any other text too. */
export function keyShape(key: string): KeyShape {
  // FNV-1a over the text, then one step of a generator for each number: each bit of the key moves the whole picture.
  let hash = 2_166_136_261;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 16_777_619) >>> 0;
  const next = (below: number): number => {
    hash = (Math.imul(hash, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((hash / 4_294_967_296) * below);
  };
  const ground = next(COLOURS.length);
  const band = (ground + 1 + next(COLOURS.length - 1)) % COLOURS.length;
  return {
    ground: COLOURS[ground] ?? COLOURS[0],
    band: COLOURS[band] ?? COLOURS[0],
    turn: next(360),
    tilt: next(360),
    width: 20 + next(12),
    far: 8 + next(6),
    size: 5 + next(5),
  };
}

/** The marks of a key's picture in a box of 40, without their frame: for pictures that hold several. */
export function KeyMarks({ of }: { readonly of: string }): VNode {
  const { ground, band, turn, tilt, width, far, size } = keyShape(of);
  return (
    <>
      <rect width="40" height="40" fill={ground} />
      <g transform={`rotate(${turn} 20 20)`}>
        <path d={`M-10 20h60v${width}h-60z`} fill={band} />
      </g>
      <g transform={`rotate(${tilt} 20 20)`}>
        <circle cx="20" cy={far} r={size} fill="#fff4dc" opacity=".92" />
      </g>
    </>
  );
}

/** The picture of a key: the same key is the same picture everywhere. */
export function KeyPicture({ of }: { readonly of: string }): VNode {
  return (
    <svg viewBox="0 0 40 40" aria-hidden="true">
      <KeyMarks of={of} />
    </svg>
  );
}
