import {
  type CurveQuery,
  type CurveView,
  isEdmpError,
  type ListingView,
  type MeterView,
  type OfferRequest,
} from '@edmp/node/client';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Facts, Field, Problem, Section } from '../components/bits.tsx';
import { Icon } from '../components/icon.tsx';
import { PlaceMap } from '../pictures/place-map.tsx';
import { useNode, useResource } from '../state/node.ts';
import { linkTo } from '../state/route.ts';
import { formatDays, formatPlace, placeOf, shortId } from '../text/format.ts';
import { gapsTold } from '../text/gaps.ts';
import { formatMoney, parseMoney } from '../text/money.ts';
import { ACCURACIES, attestation, kindName, PURPOSES, purposeName, stepName } from '../text/words.ts';
import { t } from '../words/index.ts';

type Accuracy = OfferRequest['accuracy'];
const DAY_MS = 86_400_000;
const LIFETIMES = [
  { days: 1, name: '1 day' },
  { days: 7, name: '1 week' },
  { days: 30, name: '30 days' },
];

/** Place, purposes, price: the rest of an offer, with what it will and will not show. */
export function OfferForm(props: {
  readonly meter: MeterView;
  readonly query: CurveQuery;
  readonly curve: CurveView;
  /** The curve of the query is not there yet, `curve` is an older one: nobody lists what was not seen. */
  readonly loading: boolean;
  readonly onListed: (listing: ListingView) => void;
}): VNode {
  const { meter, query, curve } = props;
  const { client, refresh } = useNode();
  const wallets = useResource('wallets', (node) => node.wallets());
  const money = (wallets.value ?? []).filter((wallet) => wallet.id !== 'EW');
  const suggested = `${kindName(query.commodity, query.flow)}, ${formatDays(query.from, query.to)}`;
  const [ownTitle, setOwnTitle] = useState<string | undefined>(undefined);
  const [accuracy, setAccuracy] = useState<Accuracy>('region');
  const [shareHousehold, setShareHousehold] = useState(false);
  const [purposes, setPurposes] = useState<readonly string[]>(['research']);
  const [currency, setCurrency] = useState('');
  const [price, setPrice] = useState('10');
  const [exclusive, setExclusive] = useState(true);
  const [days, setDays] = useState(1);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(undefined);
  const [allowPersonalText, setAllowPersonalText] = useState(false);

  const wallet = money.find((candidate) => candidate.id === currency) ?? money[0];
  const amount = wallet === undefined ? undefined : parseMoney(price, wallet.precision);
  const title = (ownTitle ?? suggested).trim();
  const values = props.loading ? '' : `${curve.values.length}`;
  const place = meter.cells.find((candidate) => candidate.accuracy === accuracy);
  const cell = place?.cell ?? null;
  const missing = gapsTold(curve);
  const isPersonal = isEdmpError(error, 'ERR_PRIVACY_TEXT');
  const ready =
    !props.loading && amount !== undefined && title !== '' && title.length <= 200 && purposes.length > 0;

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!ready || busy || wallet === undefined) return;
    setBusy(true);
    setError(undefined);
    try {
      const listing = await client.offer({
        ...query,
        title,
        price: amount,
        currency: wallet.id,
        supply: exclusive ? 1 : 1000,
        accuracy,
        purposes,
        shareHousehold,
        ...(allowPersonalText ? { allowPersonalText } : {}),
        lifetimeMs: days * DAY_MS,
      });
      refresh();
      props.onListed(listing);
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };

  const { name, meaning } = attestation(curve.attestation);
  return (
    <form onSubmit={submit}>
      <button
        type="button"
        class="peek"
        onClick={() => document.getElementById('who-sees')?.scrollIntoView({ block: 'start' })}
      >
        <Icon name="all" />
        <span>
          {t('sell.peek', { what: `${formatDays(query.from, query.to)}, ${stepName(query.step)}` })}
        </span>
      </button>
      <Section title="4. What buyers will see">
        <div class="fields">
          <Field
            label="Title"
            hint="Everybody reads it: no name, address or number."
            problem={title === '' ? 'Give it a title' : undefined}
          >
            {(ids) => (
              <input
                {...ids}
                type="text"
                maxLength={200}
                value={ownTitle ?? suggested}
                onInput={(event) => {
                  setOwnTitle(event.currentTarget.value);
                  setAllowPersonalText(false);
                }}
              />
            )}
          </Field>
          <Field label="Place">
            {(ids) => (
              <select
                {...ids}
                value={accuracy}
                onChange={(event) => setAccuracy(event.currentTarget.value as Accuracy)}
              >
                {ACCURACIES.map((known) => (
                  <option key={known.accuracy} value={known.accuracy}>
                    {known.name}
                    {reachOf(meter, known.accuracy)}
                  </option>
                ))}
              </select>
            )}
          </Field>
        </div>
        <label class="check">
          <input
            type="checkbox"
            checked={shareHousehold}
            onChange={(event) => setShareHousehold(event.currentTarget.checked)}
          />
          Also tell the kind of building and about how many people live in it
        </label>
        <fieldset class="checks">
          <legend>You allow its use for</legend>
          {PURPOSES.map((purpose) => (
            <label key={purpose.id}>
              <input
                type="checkbox"
                checked={purposes.includes(purpose.id)}
                onChange={(event) =>
                  setPurposes(
                    event.currentTarget.checked
                      ? [...purposes, purpose.id]
                      : purposes.filter((id) => id !== purpose.id),
                  )
                }
              />
              {purpose.name}
            </label>
          ))}
          {purposes.length === 0 && <p class="field-problem">Choose at least one.</p>}
        </fieldset>
        <figure class="fig placefig">
          <PlaceMap
            width={400}
            cell={cell}
            label={t('sell.map.label', { cell: cell ?? t('sell.map.none') })}
          />
          <figcaption>
            {cell === null ? t('sell.map.none') : cellWords(cell)}. {t('sell.map.dot')}
          </figcaption>
        </figure>
      </Section>
      <Section title="5. Price">
        <div class="fields">
          <Field
            label="Price"
            problem={
              wallet !== undefined && amount === undefined
                ? `A positive amount${wallet.precision === 0 ? ' in whole units' : ` with at most ${wallet.precision} decimals`}`
                : undefined
            }
          >
            {(ids) => (
              <input
                {...ids}
                type="text"
                inputMode="decimal"
                value={price}
                onInput={(event) => setPrice(event.currentTarget.value)}
              />
            )}
          </Field>
          <Field label="Currency">
            {(ids) => (
              <select
                {...ids}
                value={wallet?.id ?? ''}
                onChange={(event) => setCurrency(event.currentTarget.value)}
              >
                {money.map((candidate) => (
                  <option key={candidate.id} value={candidate.id}>
                    {candidate.id} ({candidate.name})
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label="Buyers">
            {(ids) => (
              <select
                {...ids}
                value={exclusive ? 'one' : 'many'}
                onChange={(event) => setExclusive(event.currentTarget.value === 'one')}
              >
                <option value="one">One only (exclusive)</option>
                <option value="many">Up to 1000 buyers</option>
              </select>
            )}
          </Field>
          <Field label="For sale during">
            {(ids) => (
              <select
                {...ids}
                value={String(days)}
                onChange={(event) => setDays(Number(event.currentTarget.value))}
              >
                {LIFETIMES.map((known) => (
                  <option key={known.days} value={String(known.days)}>
                    {known.name}
                  </option>
                ))}
              </select>
            )}
          </Field>
        </div>
        <Problem error={wallets.error ?? error} />
        {(isPersonal || allowPersonalText) && (
          <label class="check">
            <input
              type="checkbox"
              checked={allowPersonalText}
              onChange={(event) => setAllowPersonalText(event.currentTarget.checked)}
            />
            These words may be read by everybody: list them all the same
          </label>
        )}
        <p class="row">
          <button type="submit" class="btn go" disabled={!ready || busy}>
            {busy
              ? 'Listing…'
              : amount === undefined || wallet === undefined
                ? 'List for sale'
                : `List for sale at ${formatMoney(amount, wallet)}`}
          </button>
        </p>
      </Section>
      <aside aria-labelledby="sees">
        <section class="card sticky" id="who-sees">
          <h2 id="sees">{t('sell.sees')}</h2>
          <ul class="sees spaced">
            <li>
              <Icon name="all" />
              <div>
                <h3>Everybody sees</h3>
                <Facts
                  facts={[
                    ['Title', title],
                    ['What', kindName(query.commodity, query.flow)],
                    ['Days', formatDays(query.from, query.to)],
                    [
                      'How fine',
                      `One value every ${stepName(query.step)}${values === '' ? '' : `, ${values} in all`}`,
                    ],
                    [
                      'Missing',
                      values === ''
                        ? '…'
                        : missing === 0
                          ? 'Nothing'
                          : `Up to ${missing} of ${values} values`,
                      missing === 0 ? '' : 'Told in steps of 5\u00a0%, never exactly.',
                    ],
                    [
                      'Place',
                      formatPlace(cell),
                      place?.widened === true
                        ? 'Wider than you chose: fewer than five others sell there, and you would be easy to find.'
                        : '',
                    ],
                    [
                      'Household',
                      shareHousehold
                        ? 'Kind of building and a range of people, as far as your meter knows'
                        : 'Not told',
                    ],
                    ['Origin', name, meaning],
                    [
                      'Allowed for',
                      purposes.length === 0 ? 'Not chosen yet' : purposes.map(purposeName).join(', '),
                    ],
                  ]}
                />
              </div>
            </li>
            <li>
              <Icon name="one" />
              <div>
                <h3>Only the buyer gets</h3>
                <p>
                  The {values === '1' ? 'one value' : `${values} values`} of the curve above, after paying.
                </p>
              </div>
            </li>
            <li>
              <Icon name="none" />
              <div>
                <h3>Nobody gets</h3>
                <ul>
                  <li>Your name, address or exact location</li>
                  <li>The number of your meter ({shortId(meter.id)})</li>
                  <li>The counter on the meter, only what was used between readings</li>
                  <li>Anything finer than one value every {stepName(query.step)}</li>
                  <li>Days of which only a part lies in what you sell: they are left out</li>
                </ul>
              </div>
            </li>
          </ul>
          <hr class="rule" />
          <p class="hint">
            Listing gives your consent to exactly this. You can withdraw it under{' '}
            <a href={linkTo('consents')}>Consents</a>: that stops new sales, but a sold copy cannot be called
            back.
          </p>
        </section>
      </aside>
    </form>
  );
}

/** A cell and how wide it is. */
function cellWords(cell: string): string {
  return t('sell.map.cell', { cell, km: 2 * (placeOf(cell)?.radius ?? 0) });
}

/** How rough a place an accuracy gives for this meter, e.g. ` (within 20 km)`. */
function reachOf(meter: MeterView, accuracy: Accuracy): string {
  if (accuracy === 'hidden') return '';
  const place = placeOf(meter.cells.find((candidate) => candidate.accuracy === accuracy)?.cell ?? null);
  return place === undefined ? ' (this meter has no place)' : ` (within ${place.radius} km)`;
}
