import type { ComponentChildren, VNode } from 'preact';
import { useId } from 'preact/hooks';
import { explain } from '../text/errors.ts';
import { t } from '../words/index.ts';
import { Mark, type Tone } from './badge.tsx';
import type { IconName } from './icon.tsx';

/** A heading with what belongs to it. */
export function Section(props: {
  readonly title: string;
  readonly hint?: string;
  readonly children: ComponentChildren;
}): VNode {
  const id = useId();
  return (
    <section class="card sect" aria-labelledby={id}>
      <h2 id={id}>{props.title}</h2>
      {props.hint !== undefined && <p class="hint">{props.hint}</p>}
      {props.children}
    </section>
  );
}

/** An error in plain words; nothing when there is none. */
export function Problem({ error }: { readonly error: unknown }): VNode | null {
  if (error === undefined) return null;
  const { text, code } = explain(error);
  return (
    <div class="problem" role="alert">
      <p>{text}</p>
      <p class="code">{code}</p>
    </div>
  );
}

/** What to show where nothing is yet. */
export function Empty(props: { readonly title: string; readonly children?: ComponentChildren }): VNode {
  return (
    <div class="empty">
      <p class="empty-title">{props.title}</p>
      {props.children}
    </div>
  );
}

/** Says that something is on its way. */
export function Loading({ what }: { readonly what: string }): VNode {
  return <p class="loading">{t('common.loading', { what })}</p>;
}

/** A labelled input with its own explanation and error. */
export function Field(props: {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly problem?: string | undefined;
  readonly children: (ids: {
    readonly id: string;
    readonly 'aria-describedby': string;
    readonly 'aria-invalid': boolean;
  }) => ComponentChildren;
}): VNode {
  const id = useId();
  const wrong = props.problem !== undefined;
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      {props.children({ id, 'aria-describedby': `${id}-hint`, 'aria-invalid': wrong })}
      <p id={`${id}-hint`} class={wrong ? 'field-problem' : 'hint'}>
        {props.problem ?? props.hint ?? ''}
      </p>
    </div>
  );
}

/** Names and values. */
export function Facts({
  facts,
}: {
  readonly facts: readonly (readonly [name: string, value: ComponentChildren, note?: string])[];
}): VNode {
  return (
    <dl class="facts">
      {facts.map(([name, value, note]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {value}
            {note !== undefined && note !== '' && <span class="sub">{note}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

const TONES = {
  good: ['good', 'ok'],
  busy: ['held', 'clock'],
  bad: ['bad', 'x'],
  plain: ['plain', 'info'],
} as const satisfies Readonly<Record<string, readonly [Tone, IconName]>>;

/** A short label with a tone. */
export function Badge(props: {
  readonly tone: 'good' | 'busy' | 'bad' | 'plain';
  readonly children: ComponentChildren;
}): VNode {
  const [tone, icon] = TONES[props.tone];
  return (
    <Mark tone={tone} icon={icon}>
      {props.children}
    </Mark>
  );
}
