import { type ConsentView, localDay, type TradeView } from '@edmp/node/client';
import type { VNode } from 'preact';
import { consentedKind } from '../text/consents.ts';
import { shortDay } from '../text/when.ts';
import { stepName } from '../text/words.ts';
import { t } from '../words/index.ts';

const DAY_MS = 86_400_000;
/** What ends within this is told of, ms. */
const SOON_MS = 3 * DAY_MS;
/** Most bars: the newest. */
const MOST = 12;
/** Ticks of the axis. */
const TICKS = 7;

/** Consents as bars from when they were given until they end; where the axis ends, a bar is cut. */
export function ConsentTimeline(props: {
  readonly consents: readonly ConsentView[];
  readonly trades: readonly TradeView[];
  /** The node's clock, ms since the epoch. */
  readonly now: number;
}): VNode {
  const { now } = props;
  const shown = props.consents.slice(0, MOST);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const day = (at: number): string => shortDay(localDay(at, zone, 0));
  const first = Math.min(now - DAY_MS, ...shown.map(({ given }) => given));
  const last = Math.max(
    now + 7 * DAY_MS,
    ...shown.map(({ validUntil }) => Math.min(validUntil, now + 180 * DAY_MS)),
  );
  const share = (at: number): number => Math.min(100, Math.max(0, ((at - first) / (last - first)) * 100));
  return (
    <section class="card" aria-labelledby="timeline">
      <h2 id="timeline" class="vh">
        {t('gantt.title')}
      </h2>
      <div class="axis" aria-hidden="true">
        <span />
        <div class="ax">
          {Array.from({ length: TICKS }, (_, i) => (
            <span key={i}>{day(first + (i / TICKS) * (last - first))}</span>
          ))}
          <b style={{ left: `${share(now)}%` }}>{t('gantt.today')}</b>
        </div>
        <span />
      </div>
      <ul class="gantt">
        {shown.map((consent) => {
          const end = consent.withdrawn ?? consent.validUntil;
          const isOver = end <= now;
          const kind = isOver ? 'stopped' : end - now < SOON_MS ? 'soon' : 'go';
          const sold = props.trades.filter(
            (trade) =>
              trade.role === 'seller' &&
              trade.asset === consent.asset &&
              trade.final &&
              trade.failed === null,
          ).length;
          const [from, to] = [share(consent.given), Math.max(share(end), share(consent.given) + 1)];
          return (
            <li key={consent.id}>
              <div class="who">
                <b>{consentedKind(consent.what)}</b>
                <span class="s q">
                  {shortDay(consent.from)} – {shortDay(consent.to)},{' '}
                  {t('home.who.by', { step: stepName(consent.finestStep) })}
                </span>
              </div>
              <div class="track">
                <i class="now" style={{ left: `${share(now)}%` }} />
                <span class={`span ${kind}`} style={{ left: `${from}%`, width: `${to - from}%` }} />
              </div>
              <div class="act s q">
                {isOver ? t('gantt.ended', { when: day(end) }) : t('gantt.until', { when: day(end) })}
                <br />
                {t('gantt.sold', { n: sold })}
              </div>
            </li>
          );
        })}
      </ul>
      <div class="legend spaced">
        <span>
          <i class="lg go" />
          {t('gantt.running')}
        </span>
        <span>
          <i class="lg soon" />
          {t('gantt.soon')}
        </span>
        <span>
          <i class="lg stopped" />
          {t('gantt.stopped')}
        </span>
      </div>
    </section>
  );
}
