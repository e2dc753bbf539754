import type { MountView } from '@edmp/node/client';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Problem } from '../components/bits.tsx';
import { Dialog } from '../components/dialog.tsx';
import { useNode } from '../state/node.ts';

/** Asks what becomes of the readings when a meter is removed. */
export function RemoveMeter(props: { readonly mount: MountView; readonly onClose: () => void }): VNode {
  const { mount, onClose } = props;
  const { client, refresh } = useNode();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(undefined);
  const remove = async (readings: boolean): Promise<void> => {
    setBusy(true);
    try {
      await client.removeMeter(mount.name, { readings });
      refresh();
      onClose();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  const isRecorded = mount.oldest !== null;
  return (
    <Dialog title={`Remove ${mount.name}?`} onClose={onClose}>
      <p>
        The node stops reading this meter
        {mount.kind === 'homewizard' ? ' and forgets that it was let in' : ''}.
        {isRecorded
          ? ' Its readings can stay: connect it again under the same name to go on with them. What was sold stays sold.'
          : ' Nothing was recorded of it.'}
      </p>
      <Problem error={error} />
      <div class="row row-end">
        <button type="button" class="btn" onClick={onClose}>
          Keep it
        </button>
        <button
          type="button"
          class={isRecorded ? 'main' : 'danger'}
          disabled={isBusy}
          onClick={() => void remove(false)}
        >
          {isRecorded ? 'Remove, keep readings' : 'Remove'}
        </button>
        {isRecorded && (
          <button type="button" class="btn stop" disabled={isBusy} onClick={() => void remove(true)}>
            Remove with its readings
          </button>
        )}
      </div>
    </Dialog>
  );
}
