import type { ConsentView, OrderView, TradeView } from '@edmp/node/client';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Problem } from '../components/bits.tsx';
import { Dialog } from '../components/dialog.tsx';
import { useNode } from '../state/node.ts';
import { consentedKind } from '../text/consents.ts';
import { formatDays } from '../text/format.ts';

/** Asks once more, saying what a withdrawal does and what it cannot do. */
export function WithdrawDialog(props: {
  readonly consent: ConsentView;
  readonly offers: readonly OrderView[];
  readonly sales: readonly TradeView[];
  readonly onClose: () => void;
}): VNode {
  const { consent, offers, sales } = props;
  const { client, refresh, say } = useNode();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(undefined);
  const sold = sales.filter((trade) => trade.final && trade.failed === null).length;
  const running = sales.some((trade) => !trade.final);

  const withdraw = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await client.withdrawConsent(consent.id);
      refresh();
      say('The consent is withdrawn');
      props.onClose();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };

  return (
    <Dialog
      title="Withdraw this consent?"
      isGone={consent.withdrawn !== null && !busy}
      onClose={props.onClose}
    >
      <p>
        {consentedKind(consent.what)}, {formatDays(consent.from, consent.to)}.
      </p>
      <ul class="plain-steps">
        <li>
          {offers.length === 0
            ? 'Nothing is listed under it now, and it can no longer be listed.'
            : 'Your listing is cancelled: nobody can buy it any more.'}
        </li>
        <li>
          No further copy is delivered.
          {running && ' A sale under way stops unless its key is handed over already.'}
        </li>
        <li>
          {sold === 0 ? (
            'No copy has been sold. A sold copy could not be called back.'
          ) : (
            <>
              <strong>
                {sold === 1 ? 'The copy that is sold' : `The ${sold} copies that are sold`} cannot be called
                back.
              </strong>{' '}
              {sold === 1 ? 'Its buyer keeps it' : 'Their buyers keep them'}, under the licence.
            </>
          )}
        </li>
        <li>A withdrawal cannot be undone. To sell these days again, list them anew.</li>
      </ul>
      <Problem error={error} />
      <p class="row row-end">
        <button type="button" class="btn" onClick={props.onClose}>
          Keep it
        </button>
        <button type="button" class="btn stop" disabled={busy} onClick={() => void withdraw()}>
          {busy ? 'Withdrawing…' : 'Withdraw consent'}
        </button>
      </p>
    </Dialog>
  );
}
