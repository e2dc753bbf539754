import type { VNode } from 'preact';
import { useState } from 'preact/hooks';

/** What is passed on to the input as it is. */
interface Plain {
  readonly id: string;
  readonly 'aria-describedby': string;
  readonly 'aria-invalid': boolean;
  readonly required?: boolean;
  readonly max?: string;
  readonly maxLength?: number;
}

/**
 * An input whose text counts once its owner leaves it or presses Enter.
 *
 * Until then the text is a draft: whatever else is drawn again meanwhile, an answer of the node for one, leaves it
 * alone. A controlled input without a draft is set back to `value` by the next drawing, and what was typed is gone.
 */
export function DraftInput({
  value,
  onCommit,
  isWhole,
  type,
  ...plain
}: Plain & {
  /** Default: text. */
  readonly type?: 'date';
  readonly value: string;
  /** Gets the text as typed; what it does not take up is shown as `value` again. */
  readonly onCommit: (text: string) => void;
  /** Text that counts as soon as it stands there, a date that was picked for one. Default: none. */
  readonly isWhole?: (text: string) => boolean;
}): VNode {
  const [draft, setDraft] = useState<string | undefined>(undefined);
  const commit = (text: string): void => {
    setDraft(undefined);
    if (text !== value) onCommit(text);
  };
  return (
    <input
      {...plain}
      {...(type === undefined ? {} : { type })}
      value={draft ?? value}
      onInput={({ currentTarget }) =>
        isWhole?.(currentTarget.value) === true ? commit(currentTarget.value) : setDraft(currentTarget.value)
      }
      onBlur={({ currentTarget }) => draft !== undefined && commit(currentTarget.value)}
      onKeyDown={({ key, isComposing, currentTarget }) =>
        // The Enter that ends the choice of a character is none of the input.
        key === 'Enter' && !isComposing && draft !== undefined && commit(currentTarget.value)
      }
    />
  );
}
