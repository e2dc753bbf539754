import type { ComponentChildren, VNode } from 'preact';
import { Icon, type IconName } from './icon.tsx';

/** What a badge is about: a glyph and a word, never a colour alone. */
export type Tone = 'good' | 'warn' | 'bad' | 'held' | 'act' | 'plain';

/** A short label with a glyph. */
export function Mark(props: {
  readonly tone: Tone;
  readonly icon?: IconName;
  readonly children: ComponentChildren;
}): VNode {
  return (
    <span class={props.tone === 'plain' ? 'badge' : `badge ${props.tone}`}>
      {props.icon !== undefined && <Icon name={props.icon} />}
      {props.children}
    </span>
  );
}
