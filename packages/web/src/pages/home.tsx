import type { VNode } from 'preact';
import { Loading, Problem } from '../components/bits.tsx';
import { useMeters } from '../state/day.ts';
import { useNode, useResource } from '../state/node.ts';
import { locale, t } from '../words/index.ts';
import { FirstRun } from './first-run.tsx';
import { DealCard, HealthCard, MoneyCard } from './home-cards.tsx';
import { Tasks } from './home-tasks.tsx';
import { Today } from './home-today.tsx';
import { WhoHas } from './home-who.tsx';

/** Where people come in: what happens now, and what waits for them. */
export function HomePage(): VNode {
  const now = useNode().now();
  const meters = useMeters();
  const trades = useResource('trades', (client) => client.trades(), ['trade']);
  const orders = useResource('orders', (client) => client.orders(), ['order', 'trade', 'listing']);
  const practice = useResource('practice', (client) => client.practice(), ['peer']);
  const known = [meters, trades, orders, practice].map(({ value }) => value);
  const problem = [meters, trades, orders, practice].find(({ error }) => error !== undefined)?.error;
  if (now === undefined || known.includes(undefined))
    return problem === undefined ? <Loading what={t('common.screen')} /> : <Problem error={problem} />;
  const isFresh = [meters.value, trades.value, orders.value].every((list) => list?.length === 0);
  if (isFresh && practice.value?.on !== true) return <FirstRun />;
  return (
    <>
      <div class="head">
        <div>
          <h1>{greeting(now)}</h1>
          <p>
            {new Date(now).toLocaleString(locale(), {
              weekday: 'long',
              day: 'numeric',
              month: 'long',
              hour: 'numeric',
              minute: '2-digit',
            })}
          </p>
        </div>
      </div>
      <div class="grid stretch">
        <Today meters={meters.value ?? []} />
        <Tasks />
        <WhoHas trades={trades.value ?? []} />
        <div class="c5 stack-l fill">
          <MoneyCard />
          <DealCard trades={trades.value ?? []} />
        </div>
        <HealthCard />
      </div>
    </>
  );
}

/** By the node's clock, in the reader's zone. */
function greeting(now: number): string {
  const hour = new Date(now).getHours();
  if (hour < 12) return t('home.morning');
  return hour < 18 ? t('home.afternoon') : t('home.evening');
}
