import type { IntervalStep, MeterView } from '@edmp/node/client';
import type { VNode } from 'preact';
import { Mark, type Tone } from '../components/badge.tsx';
import { SmallDay } from '../pictures/small-day.tsx';
import { useDays } from '../state/day.ts';
import { useResource } from '../state/node.ts';
import { linkTo } from '../state/route.ts';
import { newestFullDay } from '../text/days.ts';
import { byPrivacy } from '../text/reveals.ts';
import { longDay } from '../text/when.ts';
import { type MessageKey, t } from '../words/index.ts';

const MOST = 3;

const STEPS: readonly {
  readonly step: IntervalStep;
  readonly name: MessageKey & `energy.at.${string}`;
  readonly tells: MessageKey & `energy.tells.${string}`;
  readonly sell: MessageKey & `energy.sell.${string}`;
  readonly tone: Tone;
}[] = [
  {
    step: 'PT1M',
    name: 'energy.at.minute',
    tells: 'energy.tells.all',
    sell: 'energy.sell.minute',
    tone: 'bad',
  },
  {
    step: 'PT15M',
    name: 'energy.at.quarter',
    tells: 'energy.tells.most',
    sell: 'energy.sell.quarter',
    tone: 'bad',
  },
  {
    step: 'PT1H',
    name: 'energy.at.hour',
    tells: 'energy.tells.much',
    sell: 'energy.sell.hour',
    tone: 'warn',
  },
  { step: 'P1D', name: 'energy.at.day', tells: 'energy.tells.little', sell: 'energy.sell.day', tone: 'good' },
];

/** The newest whole day at four steps, with what a stranger can tell from each. */
export function FourSteps({ meter, now }: { readonly meter: MeterView; readonly now: number }): VNode {
  const day = newestFullDay(meter, now);
  const minutes = useDays(meter, day, day, 'PT1M');
  const quarters = useDays(meter, day, day, 'PT15M');
  const peak = [...(minutes.value ?? []), ...(quarters.value ?? [])]
    .flatMap(({ slots }) => slots)
    .reduce((most, slot) => Math.max(most, slot.bought ?? 0), 0.1);
  return (
    <section aria-labelledby="rev">
      <h2 id="rev">{t('energy.reveals')}</h2>
      <p class="q spaced-below">{t('energy.reveals.text', { day: longDay(day) })}</p>
      <div class="four">
        {STEPS.map((each) => (
          <OneStep key={each.step} meter={meter} day={day} top={peak * 1.02} {...each} />
        ))}
      </div>
    </section>
  );
}

function OneStep(
  props: (typeof STEPS)[number] & { readonly meter: MeterView; readonly day: string; readonly top: number },
): VNode {
  const { meter, day, step, tone } = props;
  const days = useDays(meter, day, day, step);
  const query = {
    meter: meter.id,
    from: day,
    to: day,
    step,
    commodity: 'electricity',
    flow: 'import',
  } as const;
  const reveals = useResource(`revealed ${JSON.stringify(query)}`, (client) => client.reveals(query), []);
  const slots = days.value?.[0]?.slots ?? [];
  const isRead = slots.some((slot) => slot.bought !== null);
  const found = byPrivacy(reveals.value?.find((view) => view.step === step)?.found ?? []).slice(0, MOST);
  const isSafest = step === 'P1D';
  return (
    <article class="card">
      <header>
        <h3>{t(props.name)}</h3>
        <Mark tone={tone} icon={isSafest ? 'ok' : 'eye'}>
          {t(props.tells)}
        </Mark>
      </header>
      <figure class="fig">
        <SmallDay slots={slots} top={props.top} label={t('energy.reveals.label', { step: t(props.name) })} />
      </figure>
      {days.value !== undefined && !isRead ? (
        <p class="s q">{t('energy.reveals.none')}</p>
      ) : (
        <ul class="guess s">
          {found.map((finding) => (
            <li key={finding.kind}>{finding.text}</li>
          ))}
          {reveals.value !== undefined && found.length === 0 && <li>{t('energy.reveals.nothing')}</li>}
        </ul>
      )}
      <a class={`btn small wide${isSafest ? ' go' : ''}`} href={linkTo('offer', step)}>
        {t(props.sell)}
      </a>
    </article>
  );
}
