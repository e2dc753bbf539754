import type { IntervalStep } from '@edmp/interface';
import type { CurveQuery, CurveView, ListingView, MeterView } from '@edmp/node/client';
import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { Empty, Field, Loading, Problem, Section } from '../components/bits.tsx';
import { Chart } from '../components/chart.tsx';
import { useNode, useResource } from '../state/node.ts';
import { linkTo } from '../state/route.ts';
import { newestFullDay } from '../text/days.ts';
import { formatTime, shortId } from '../text/format.ts';
import { gapsText } from '../text/gaps.ts';
import { kindName, STEPS } from '../text/words.ts';
import { t } from '../words/index.ts';
import { DayBrush } from './sell-brush.tsx';
import { OfferForm } from './sell-offer.tsx';
import { RevealsSection } from './sell-reveals.tsx';

/** Pick a meter, see its curve, see what a listing shows, set a price, list. */
export function SellPage({ object }: { readonly object: string }): VNode {
  const now = useNode().now();
  const info = useResource('info', (client) => client.info());
  const none = info.value?.meterSource === null;
  const meters = useResource(info.value === undefined || none ? undefined : 'meters', (client) =>
    client.meters(),
  );
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const [listed, setListed] = useState<ListingView | undefined>(undefined);
  if (meters.value === undefined && !none) {
    const error = info.error ?? meters.error;
    return error === undefined ? <Loading what="your meters" /> : <Problem error={error} />;
  }
  if (meters.value === undefined || meters.value.length === 0) {
    return (
      <>
        <div class="head">
          <h1>{t('sell.title')}</h1>
        </div>
        <Empty title="No meter is connected to this node">
          <p>
            <a href={linkTo('meters')}>Connect a meter</a> to sell data, or start the node with{' '}
            <code>--meters emulator</code> for invented meters to try. You can buy without one: see the{' '}
            <a href={linkTo('market')}>market</a>.
          </p>
        </Empty>
      </>
    );
  }
  const meter = meters.value.find((candidate) => candidate.id === chosen) ?? meters.value[0];
  if (meter === undefined || now === undefined) return <Loading what="your meters" />;
  return (
    <div class="selling">
      <div class="head">
        <div>
          <h1>{t('sell.title')}</h1>
          <p>{t('sell.lead')}</p>
        </div>
      </div>
      {listed !== undefined && <Listed listing={listed} onAgain={() => setListed(undefined)} />}
      <MeterChoice meters={meters.value} chosen={meter.id} onChoose={setChosen} />
      <MeterData
        key={meter.id}
        meter={meter}
        now={now}
        wanted={STEPS.find((known) => known.step === object)?.step ?? 'P1D'}
        onListed={(listing) => {
          setListed(listing);
          scrollTo({ top: 0 });
        }}
      />
    </div>
  );
}

function Listed(props: { readonly listing: ListingView; readonly onAgain: () => void }): VNode {
  return (
    <div class="success" role="status">
      <p>
        <strong>“{props.listing.descriptor.title}” is for sale.</strong> Buyers can find it until{' '}
        {formatTime(props.listing.expires)}. Keep this node running: it delivers the data when somebody buys.
      </p>
      <p class="row">
        <a href={linkTo('market')}>See it on the market</a>
        <a href={linkTo('consents')}>See or withdraw what you agreed to</a>
        <button type="button" class="btn" onClick={props.onAgain}>
          Close
        </button>
      </p>
    </div>
  );
}

function MeterChoice(props: {
  readonly meters: readonly MeterView[];
  readonly chosen: string;
  readonly onChoose: (id: string) => void;
}): VNode {
  return (
    <Section title="1. Your meter">
      <fieldset class="choices">
        <legend class="vh">Choose a meter</legend>
        {props.meters.map((meter) => (
          <label key={meter.id} class="choice">
            <input
              type="radio"
              name="meter"
              value={meter.id}
              checked={meter.id === props.chosen}
              onChange={() => props.onChoose(meter.id)}
            />
            <span>
              <strong>{meter.label}</strong>
              <span class="sub">
                {meter.source.toUpperCase()} meter {shortId(meter.id)}
                {meter.lastUpdate === null
                  ? ', no readings yet'
                  : `, last reading ${formatTime(meter.lastUpdate)}`}
              </span>
            </span>
          </label>
        ))}
      </fieldset>
    </Section>
  );
}

function MeterData({
  meter,
  now,
  wanted,
  onListed,
}: {
  readonly meter: MeterView;
  /** The node's clock, ms since the epoch. */
  readonly now: number;
  /** The step to begin with. */
  readonly wanted: IntervalStep;
  readonly onListed: (listing: ListingView) => void;
}): VNode {
  const [from, setFrom] = useState(() => newestFullDay(meter, now));
  const [to, setTo] = useState(from);
  const [kind, setKind] = useState(0);
  const [step, setStep] = useState<IntervalStep>(wanted);
  const sort = meter.commodities[kind] ?? meter.commodities[0];
  const reversed = to < from;
  const complete = /^\d{4}-\d{2}-\d{2}$/.test(from) && /^\d{4}-\d{2}-\d{2}$/.test(to) && !reversed;
  const query: CurveQuery | undefined =
    sort === undefined || !complete
      ? undefined
      : { meter: meter.id, from, to, step, commodity: sort.commodity, flow: sort.flow };
  const curve = useResource(query === undefined ? undefined : JSON.stringify(query), (client) =>
    query === undefined ? Promise.reject(new Error('Nothing is chosen')) : client.curve(query),
  );
  // The form below keeps what its owner wrote while the curve of another step loads.
  const last = useRef<CurveView | undefined>(undefined);
  if (curve.value !== undefined || curve.error !== undefined) last.current = curve.value;
  const form = last.current;
  if (sort === undefined) return <Empty title="This meter measures nothing that can be sold yet" />;
  const empty = form?.values.every((value) => value === null) ?? false;
  return (
    <>
      <Section title="2. What to sell" hint="This is what the buyer gets: these values and nothing finer.">
        <div class="fields">
          <Field label="What">
            {(ids) => (
              <select
                {...ids}
                value={String(kind)}
                onChange={(event) => setKind(Number(event.currentTarget.value))}
              >
                {meter.commodities.map(({ commodity, flow }, index) => (
                  <option key={`${commodity}-${flow}`} value={String(index)}>
                    {kindName(commodity, flow)}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label="First day">
            {(ids) => (
              <input
                {...ids}
                type="date"
                required
                value={from}
                onInput={(event) => {
                  const day = event.currentTarget.value;
                  if (to === from || to < day) setTo(day);
                  setFrom(day);
                }}
              />
            )}
          </Field>
          <Field label="Last day" problem={reversed ? 'Must not be before the first day' : undefined}>
            {(ids) => (
              <input
                {...ids}
                type="date"
                required
                value={to}
                onInput={(event) => setTo(event.currentTarget.value)}
              />
            )}
          </Field>
          <Field label="One value every">
            {(ids) => (
              <select
                {...ids}
                value={step}
                onChange={(event) => setStep(event.currentTarget.value as IntervalStep)}
              >
                {STEPS.map((known) => (
                  <option key={known.step} value={known.step}>
                    {known.name}
                  </option>
                ))}
              </select>
            )}
          </Field>
        </div>
        {sort.commodity === 'electricity' && sort.flow === 'import' && (
          <DayBrush
            meter={meter}
            newest={newestFullDay(meter, now)}
            from={from}
            to={to}
            onChange={(first, last) => {
              setFrom(first);
              setTo(last);
            }}
          />
        )}
        <Problem error={curve.error} />
        {curve.value === undefined && curve.error === undefined && query !== undefined && (
          <Loading what="the readings" />
        )}
        {empty && curve.value !== undefined && (
          <Empty title="The meter has no data for these days">
            <p>Choose other days, or something else that it measures.</p>
          </Empty>
        )}
        {curve.value !== undefined && !empty && (
          <>
            <Chart curve={curve.value} title={kindName(sort.commodity, sort.flow)} />
            <Gaps curve={curve.value} />
            {curve.value.values.length === 1 && (
              <p class="hint">This is one value: choose more days to sell more than that.</p>
            )}
          </>
        )}
      </Section>
      {query !== undefined && form !== undefined && !empty && (
        <>
          <RevealsSection query={query} onStep={setStep} />
          <OfferForm
            meter={meter}
            query={query}
            curve={form}
            loading={curve.value === undefined}
            onListed={onListed}
          />
        </>
      )}
    </>
  );
}

/** Says what is missing of what is to be sold, and what that tells. */
function Gaps({ curve }: { readonly curve: CurveView }): VNode | null {
  const text = gapsText(curve);
  return text === undefined ? null : <p class={text.isMuch ? 'problem' : 'hint'}>{text.words}</p>;
}
