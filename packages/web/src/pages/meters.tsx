import { isEdmpError } from '@edmp/interface';
import type { MeterView } from '@edmp/node/client';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Empty, Loading, Problem, Section } from '../components/bits.tsx';
import { useNode, useResource } from '../state/node.ts';
import { linkTo } from '../state/route.ts';
import { formatTime } from '../text/format.ts';
import { MeterCard } from './meter-card.tsx';
import { ConnectMeter } from './meter-connect.tsx';

/** The owner's meters: how each is connected, its power now, its day; and a new one to connect. */
export function MetersPage(): VNode {
  const now = useNode().now();
  const mounts = useResource('mounts', (client) => client.mounts());
  const meters = useResource('meters or none', async (client): Promise<readonly MeterView[]> => {
    try {
      return await client.meters();
    } catch (error) {
      if (isEdmpError(error, 'ERR_NODE_NO_METER')) return [];
      throw error;
    }
  });
  const [isConnecting, setConnecting] = useState(false);
  if (mounts.value === undefined || now === undefined)
    return mounts.error === undefined ? <Loading what="your meters" /> : <Problem error={mounts.error} />;
  const isEmpty = mounts.value.length === 0;
  const others = (meters.value ?? []).filter(({ mount }) => mount === null);
  return (
    <div class="stack">
      {isEmpty && !isConnecting && (
        <Empty title="No meter of yours is connected yet">
          <p>Connect one and see your power within a minute. Readings stay on this computer.</p>
          <button type="button" class="btn go" onClick={() => setConnecting(true)}>
            Connect a meter
          </button>
        </Empty>
      )}
      {mounts.value.map((mount) => (
        <MeterCard
          key={mount.name}
          mount={mount}
          meters={(meters.value ?? []).filter((meter) => meter.mount === mount.name)}
          now={now}
        />
      ))}
      <Problem error={meters.error} />
      {isConnecting && <ConnectMeter onClose={() => setConnecting(false)} />}
      {!isConnecting && !isEmpty && (
        <p class="row">
          <button type="button" class="btn" onClick={() => setConnecting(true)}>
            Connect another meter
          </button>
        </p>
      )}
      {others.length > 0 && <StartedWith meters={others} />}
    </div>
  );
}

/** Meters that the node was started with; they are not this page's to change. */
function StartedWith({ meters }: { readonly meters: readonly MeterView[] }): VNode {
  return (
    <Section title="Also on this node" hint="The node was started with these; see them under Sell.">
      <ul class="plain">
        {meters.map((meter) => (
          <li key={meter.id}>
            <a href={linkTo('sell')}>{meter.label}</a>
            <span class="sub">
              {meter.lastUpdate === null ? 'no readings yet' : `last reading ${formatTime(meter.lastUpdate)}`}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
