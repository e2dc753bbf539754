import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useNode, useResource } from '../state/node.ts';
import { keyWords } from '../text/key-words.ts';
import { t } from '../words/index.ts';
import { Field, Problem } from './bits.tsx';
import { Dialog } from './dialog.tsx';
import { KeyPicture } from './key-picture.tsx';

/** What to call a key: a name that the user gave, or the two words made from it. */
export function useNameOf(): (key: string) => string {
  const names = useResource('names', (client) => client.names(), []);
  const info = useResource('info', (client) => client.info(), ['peer']);
  const practice = useResource('practice', (client) => client.practice(), ['peer']);
  return (key) =>
    key === info.value?.key
      ? t('common.you')
      : key === practice.value?.key
        ? t('practice.name')
        : (names.value?.find((known) => known.key === key)?.name ?? keyWords(key));
}

/** A key as its picture and name. */
export function Who(props: { readonly of: string; readonly large?: boolean }): VNode {
  const nameOf = useNameOf();
  return (
    <span class={props.large === true ? 'key l' : 'key'}>
      <KeyPicture of={props.of} />
      <b>{nameOf(props.of)}</b>
    </span>
  );
}

/** A key as its picture and name, which can be pressed to give it another name and to see all of it. */
export function WhoButton({ of }: { readonly of: string }): VNode {
  const nameOf = useNameOf();
  const [isOpen, setOpen] = useState(false);
  const name = nameOf(of);
  return (
    <>
      <button
        type="button"
        class="key naming"
        aria-label={t('name.rename', { name })}
        onClick={() => setOpen(true)}
      >
        <KeyPicture of={of} />
        <b>{name}</b>
      </button>
      {isOpen && <NameDialog of={of} onClose={() => setOpen(false)} />}
    </>
  );
}

function NameDialog({ of, onClose }: { readonly of: string; readonly onClose: () => void }): VNode {
  const { client, refresh } = useNode();
  const names = useResource('names', (node) => node.names(), []);
  const given = names.value?.find((known) => known.key === of)?.name;
  const [text, setText] = useState<string | undefined>(undefined);
  const [error, setError] = useState<unknown>(undefined);
  const save = async (name: string): Promise<void> => {
    try {
      await client.nameKey(of, name);
      refresh();
      onClose();
    } catch (problem) {
      setError(problem);
    }
  };
  return (
    <Dialog title={t('name.title', { name: given ?? keyWords(of) })} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void save((text ?? given ?? '').trim());
        }}
      >
        <Field label={t('name.label')} hint={t('name.hint')}>
          {(ids) => (
            <input
              {...ids}
              type="text"
              maxLength={48}
              placeholder={keyWords(of)}
              value={text ?? given ?? ''}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          )}
        </Field>
        <p class="s q">
          {given === undefined ? t('name.made') : t('name.yours')} <span class="mono wrap">{of}</span>
        </p>
        <Problem error={error} />
        <div class="acts">
          <button type="button" class="btn" onClick={onClose}>
            {t('common.cancel')}
          </button>
          <button type="submit" class="btn go">
            {t('common.save')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
