import type { VNode } from 'preact';

/** One of a few, all of them visible. */
export function Segments<T extends string>(props: {
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly id: T; readonly name: string }[];
  readonly onChange: (id: T) => void;
}): VNode {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset draws a legend of its own
    <div class="seg" role="group" aria-label={props.label}>
      {props.options.map(({ id, name }) => (
        <button key={id} type="button" aria-pressed={id === props.value} onClick={() => props.onChange(id)}>
          {name}
        </button>
      ))}
    </div>
  );
}
