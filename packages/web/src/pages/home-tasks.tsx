import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Problem } from '../components/bits.tsx';
import { Icon, type IconName } from '../components/icon.tsx';
import { useNameOf } from '../components/who.tsx';
import { useNode, useResource } from '../state/node.ts';
import { linkTo } from '../state/route.ts';
import { asideText } from '../text/aside.ts';
import { consentedKind } from '../text/consents.ts';
import { mountState } from '../text/meters.ts';
import { distance } from '../text/when.ts';
import { t } from '../words/index.ts';

/** A consent that ends within this is told of, ms. */
const SOON_MS = 3 * 86_400_000;
/** A deal that did not happen is told of for so long, ms. */
const FAILED_MS = 86_400_000;
const MOST = 5;

interface Task {
  readonly key: string;
  readonly icon: IconName;
  readonly title: string;
  readonly text: string;
  readonly link: string;
}

/** What waits for the owner. */
export function Tasks(): VNode {
  const tasks = useTasks();
  const practice = useResource('practice', (client) => client.practice(), ['peer']);
  const isPractising = practice.value?.on === true;
  const count = tasks.length + (isPractising ? 1 : 0);
  return (
    <section class="card c5" aria-labelledby="you">
      <header>
        <h2 id="you">{t('home.todo')}</h2>
        {count > 0 && <span class="s q">{count}</span>}
      </header>
      {count === 0 && <p class="q">{t('home.todo.none')}</p>}
      <ul class="list">
        {isPractising && <Practice />}
        {tasks.slice(0, MOST).map((task) => (
          <li class="task" key={task.key}>
            <Icon name={task.icon} />
            <div class="grow">
              <h3>{task.title}</h3>
              <p class="s q">{task.text}</p>
              <p class="acts">
                <a class="btn small" href={task.link}>
                  {t('home.todo.look')}
                </a>
              </p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Practice(): VNode {
  const { client, refresh, say } = useNode();
  const [error, setError] = useState<unknown>(undefined);
  const stop = async (): Promise<void> => {
    setError(undefined);
    try {
      await client.setPractice(false);
      refresh();
      say(t('practice.left'));
    } catch (problem) {
      setError(problem);
    }
  };
  return (
    <li class="task">
      <Icon name="spark" />
      <div class="grow">
        <h3>{t('home.todo.practice')}</h3>
        <p class="s q">{t('home.todo.practice.text')}</p>
        <p class="row tight acts">
          <a class="btn small go" href={linkTo('offer')}>
            {t('home.todo.practice.sell')}
          </a>
          <a class="btn small" href={linkTo('listings')}>
            {t('home.todo.practice.buy')}
          </a>
          <button type="button" class="btn small bare" onClick={() => void stop()}>
            {t('home.todo.practice.stop')}
          </button>
        </p>
        <Problem error={error} />
      </div>
    </li>
  );
}

function useTasks(): readonly Task[] {
  const now = useNode().now() ?? 0;
  const nameOf = useNameOf();
  const mounts = useResource('mounts', (client) => client.mounts(), ['meter']);
  const orders = useResource('orders', (client) => client.orders(), ['order', 'trade', 'listing']);
  const trades = useResource('trades', (client) => client.trades(), ['trade']);
  const consents = useResource('consents', (client) => client.consents(), ['trade', 'listing', 'order']);
  const meters = (mounts.value ?? [])
    .filter((mount) => mountState(mount).tone === 'bad')
    .map(
      (mount): Task => ({
        key: `meter ${mount.name}`,
        icon: 'warn',
        title: t('home.todo.meter', { meter: mount.name }),
        text: mount.problem ?? t('home.todo.meter.text'),
        link: linkTo('meters'),
      }),
    );
  const refused = (orders.value ?? [])
    .filter(({ side, status }) => side === 'bid' && status === 'open')
    .flatMap((order) =>
      order.aside.slice(-1).map(
        (aside): Task => ({
          key: `aside ${order.order}`,
          icon: 'hand',
          title: t('home.todo.aside'),
          text: asideText(aside),
          link: linkTo('deals'),
        }),
      ),
    );
  const failed = (trades.value ?? [])
    .filter((trade) => trade.failed !== null && now - trade.updated < FAILED_MS)
    .map(
      (trade): Task => ({
        key: `failed ${trade.id}`,
        icon: 'info',
        title: t('home.todo.failed', { name: nameOf(trade.partner) }),
        text: trade.failed ?? '',
        link: linkTo('deals', trade.id),
      }),
    );
  const ending = (consents.value ?? [])
    .filter((each) => each.withdrawn === null && each.validUntil > now && each.validUntil - now < SOON_MS)
    .map(
      (consent): Task => ({
        key: `consent ${consent.id}`,
        icon: 'clock',
        title: t('home.todo.ends', { when: distance(consent.validUntil, now) }),
        text: t('home.todo.ends.text', { what: consentedKind(consent.what) }),
        link: linkTo('consents'),
      }),
    );
  return [...meters, ...refused, ...failed, ...ending];
}
