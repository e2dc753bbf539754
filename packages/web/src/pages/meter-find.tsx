import type { DiscoveryView, FoundMeter } from '@edmp/node/client';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Problem } from '../components/bits.tsx';
import { useNode } from '../state/node.ts';
import { foundHint } from '../text/meters.ts';

/** Looks for meters on the node's own network when it is asked to, and says first what that sends. */
export function FindMeters({ onPick }: { readonly onPick: (found: FoundMeter) => void }): VNode {
  const { client } = useNode();
  const [isLooking, setLooking] = useState(false);
  const [view, setView] = useState<DiscoveryView | undefined>(undefined);
  const [error, setError] = useState<unknown>(undefined);
  const stopped = useRef(new AbortController());
  useEffect(() => () => stopped.current.abort(), []);

  const look = async (): Promise<void> => {
    const { signal } = stopped.current;
    setLooking(true);
    setError(undefined);
    try {
      setView(await client.discoverMeters({ signal }));
    } catch (failure) {
      if (!signal.aborted) setError(failure);
    } finally {
      if (!signal.aborted) setLooking(false);
    }
  };

  return (
    <div class="stack">
      <div class="row">
        <button type="button" class="btn" disabled={isLooking} onClick={() => void look()}>
          {isLooking ? 'Looking, a few seconds…' : 'Look on my network'}
        </button>
      </div>
      <p class="hint">
        Asks every device on the network of the node’s computer whether it is a HomeWizard meter or an MQTT
        broker. The question names nobody and does not leave that network. The node never asks by itself.
      </p>
      <Problem error={error} />
      <div role="status">{view !== undefined && !isLooking && <Found view={view} onPick={onPick} />}</div>
    </div>
  );
}

function Found({
  view,
  onPick,
}: {
  readonly view: DiscoveryView;
  readonly onPick: (found: FoundMeter) => void;
}): VNode {
  const { found, leftOut } = view;
  return (
    <>
      {found.length === 0 && (
        <p class="hint">
          Nothing answered. A meter is found only in the network that the node’s computer is in. You can still
          type its address below.
        </p>
      )}
      {found.length > 0 && (
        <ul class="plain found">
          {found.map((one) => (
            <li key={one.address}>
              <span>
                <strong>{one.name}</strong>
                <span class="sub wrap">
                  {one.address}:{' '}
                  {one.mounted === null ? foundHint(one.hint) : `connected already, as ${one.mounted}`}
                </span>
              </span>
              {(one.mounted === null || one.kind === 'mqtt') && (
                <button type="button" class="btn" onClick={() => onPick(one)}>
                  Use
                  <span class="vh">
                    {' '}
                    {one.name} at {one.address}
                  </span>
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {leftOut > 0 && (
        <p class="hint">
          {leftOut} {leftOut === 1 ? 'answer was' : 'answers were'} left out: damaged, too many, or naming an
          address outside of a home network.
        </p>
      )}
    </>
  );
}
