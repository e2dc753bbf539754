import { EdmpError } from '@edmp/interface';
import type { ComponentType, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../words/index.ts';
import { Loading, Problem } from './bits.tsx';

/** What every screen is given. */
export interface ScreenProps {
  /** The object that the address names; `''`: none. */
  readonly object: string;
}

/** A screen whose script is loaded when it is first shown. */
export type ScreenLoader = () => Promise<ComponentType<ScreenProps>>;

const loaded = new Map<ScreenLoader, ComponentType<ScreenProps>>();

/** Shows a screen, loading its script first where nobody has. */
export function Screen(props: ScreenProps & { readonly load: ScreenLoader }): VNode {
  const { load, object } = props;
  const [, setCount] = useState(0);
  const [failure, setFailure] = useState<EdmpError | undefined>(undefined);
  const Shown = loaded.get(load);
  useEffect(() => {
    if (loaded.has(load)) return;
    load().then(
      (screen) => {
        loaded.set(load, screen);
        setCount((count) => count + 1);
      },
      // The script comes from the node, like everything else.
      (cause: unknown) =>
        setFailure(
          new EdmpError('ERR_HTTP_UNREACHABLE', 'The node did not send this screen', {
            cause,
            retryable: true,
          }),
        ),
    );
  }, [load]);
  if (Shown !== undefined) return <Shown object={object} />;
  if (failure === undefined) return <Loading what={t('common.screen')} />;
  return (
    <>
      <Problem error={failure} />
      <p>
        <button type="button" class="btn" onClick={() => location.reload()}>
          {t('fail.page.again')}
        </button>
      </p>
    </>
  );
}
