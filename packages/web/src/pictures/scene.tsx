import type { VNode } from 'preact';

const W = 560;
const H = 230;

/** Two houses at dusk and the strands between them: the picture of the first visit. */
export function Scene(): VNode {
  return (
    <svg class="scene" viewBox={`0 -70 ${W} ${H + 70}`} aria-hidden="true">
      <defs>
        <linearGradient id="dusk" x1="0" y1="0" x2="0" y2="1">
          <stop offset="0" class="sky-top" />
          <stop offset="1" class="sky-low" />
        </linearGradient>
      </defs>
      <rect y="-70" width={W} height={H + 70} rx="18" fill="url(#dusk)" />
      <circle cx={W / 2} cy="150" r="84" class="f-sun" opacity=".18" />
      <circle cx={W / 2} cy="150" r="120" class="f-sun" opacity=".1" />
      <circle cx={W / 2} cy="150" r="52" class="f-sun" />
      <path
        d={`M0 158C${W * 0.2} 142 ${W * 0.35} 168 ${W * 0.5} 160S${W * 0.85} 142 ${W} 158V${H - 18}a18 18 0 0 1-18 18H18a18 18 0 0 1-18-18Z`}
        class="f-card"
      />
      <path d="M62 150 112 104l50 46v46H62z" class="house-1" />
      <rect x="80" y="158" width="20" height="20" rx="3" class="f-sun" />
      <rect x="122" y="158" width="22" height="38" rx="3" class="house-2" />
      <path d="m70 143 42-39 14 13-42 39z" class="f-imp" opacity=".9" />
      <path d={`M${W - 162} 152 ${W - 112} 110l50 42v44h-100z`} class="house-2" />
      <rect x={W - 146} y="160" width="20" height="20" rx="3" class="f-sun" />
      <rect x={W - 112} y="160" width="34" height="20" rx="3" class="f-sun" />
      <path
        d={`M166 188C${W * 0.4} 150 ${W * 0.48} 226 ${W - 166} 184`}
        fill="none"
        class="k-imp"
        stroke-width="4"
        stroke-linecap="round"
      />
      <path
        d={`M166 200C${W * 0.46} 226 ${W * 0.56} 148 ${W - 166} 198`}
        fill="none"
        class="k-exp"
        stroke-width="4"
        stroke-linecap="round"
      />
    </svg>
  );
}
