import { localDay, type TradeView } from '@edmp/node/client';
import type { VNode } from 'preact';
import { Mark } from '../components/badge.tsx';
import { useNameOf, Who } from '../components/who.tsx';
import { Strip } from '../pictures/strip.tsx';
import { useNode, useResource } from '../state/node.ts';
import { linkTo } from '../state/route.ts';
import { addDays, distance, shortDay } from '../text/when.ts';
import { purposeName, stepName } from '../text/words.ts';
import { t } from '../words/index.ts';

const DAYS = 28;
const MOST = 6;

/** Who bought what, and which of the last days it covers. */
export function WhoHas({ trades }: { readonly trades: readonly TradeView[] }): VNode {
  const now = useNode().now() ?? 0;
  const nameOf = useNameOf();
  const consents = useResource('consents', (client) => client.consents(), ['trade', 'listing', 'order']);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const today = localDay(now, zone, 0);
  const sold = trades
    .filter((trade) => trade.role === 'seller' && trade.final && trade.failed === null)
    .sort((a, b) => b.updated - a.updated)
    .slice(0, MOST);
  return (
    <section class="card c7" aria-labelledby="who">
      <header>
        <h2 id="who">{t('home.who')}</h2>
        <a href={linkTo('consents')}>{t('home.who.all')}</a>
      </header>
      {sold.length === 0 ? (
        <p class="q">{t('home.who.none')}</p>
      ) : (
        <>
          <ul class="list">
            {sold.map((trade) => {
              const consent = consents.value?.find((each) => each.asset === trade.asset);
              const cells = Array.from({ length: DAYS }, (_, i) => {
                const day = addDays(today, i - DAYS + 1);
                return consent !== undefined && day >= consent.from && day <= consent.to ? 1 : 0;
              });
              const covered = cells.filter((cell) => cell === 1).length;
              return (
                <li class="has" key={trade.id}>
                  <Who of={trade.partner} />
                  <div class="s grow">
                    {consent !== undefined && (
                      <>
                        {consent.from === consent.to
                          ? shortDay(consent.from)
                          : `${shortDay(consent.from)} – ${shortDay(consent.to)}`}
                        , {t('home.who.by', { step: stepName(consent.finestStep) })}{' '}
                        <span class="q">· {consent.purposes.map(purposeName).join(', ')}</span>
                      </>
                    )}
                    <div class="strip thin">
                      <Strip
                        cells={cells}
                        label={t('home.who.days', { name: nameOf(trade.partner), n: covered })}
                      />
                    </div>
                  </div>
                  <Mark tone="good" icon="ok">
                    {t('home.who.sold', { when: distance(trade.updated, now) })}
                  </Mark>
                </li>
              );
            })}
          </ul>
          <p class="s q spaced">{t('home.who.strips')}</p>
        </>
      )}
    </section>
  );
}
