import type { ComponentChildren, VNode } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { t } from '../words/index.ts';
import { Icon } from './icon.tsx';

/** A modal question. Escape, a click outside and the first button close it. */
export function Dialog(props: {
  readonly title: string;
  readonly onClose: () => void;
  /** What was asked about is gone: the question is dead, and only to be closed. */
  readonly isGone?: boolean;
  readonly children: ComponentChildren;
}): VNode {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  const asked = useRef(true);
  const { onClose } = props;
  useLayoutEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => {
      asked.current = false;
      // Closing gives the focus back to where it was; a removed dialog would not.
      dialog?.close();
    };
  }, []);
  return (
    <dialog
      ref={element}
      aria-labelledby={id}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        // The browser tells of its own closing a task later, when the same question may be open again.
        event.preventDefault();
        onClose();
      }}
      onClose={() => {
        if (asked.current) onClose();
      }}
      onClick={(event) => {
        if (event.target === element.current) onClose();
      }}
    >
      <div class="dialog-body">
        <h2 id={id}>{props.title}</h2>
        {props.isGone === true ? (
          <>
            <div class="note warn" role="alert">
              <Icon name="info" />
              <div>{t('dialog.gone')}</div>
            </div>
            <div class="acts">
              <button type="button" class="btn" onClick={onClose}>
                {t('common.close')}
              </button>
            </div>
          </>
        ) : (
          props.children
        )}
      </div>
    </dialog>
  );
}
