import type { IntervalStep } from '@edmp/interface';
import type { CurveQuery, NodeClient } from '@edmp/node/client';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Loading, Problem, Section } from '../components/bits.tsx';
import { useResource } from '../state/node.ts';
import { formatDay } from '../text/format.ts';
import {
  byPrivacy,
  type Finding,
  findingName,
  isTooFine,
  onlyIn,
  SENSITIVITIES,
  stepsAround,
} from '../text/reveals.ts';
import { STEPS, stepName } from '../text/words.ts';

const MAX_DAYS_NAMED = 4;

interface Around {
  readonly query: CurveQuery;
  readonly chosen: readonly Finding[];
  readonly finer: AtStep | undefined;
  readonly coarser: AtStep | undefined;
}

interface AtStep {
  readonly step: IntervalStep;
  readonly found: readonly Finding[];
}

/** What the chosen curve shows a stranger, with what the next finer step would add and the next coarser one hide. */
export function RevealsSection(props: {
  readonly query: CurveQuery;
  readonly onStep: (step: IntervalStep) => void;
}): VNode {
  const { query } = props;
  const loaded = useResource(`reveals ${JSON.stringify(query)}`, (client) => findAround(client, query));
  const shown = loaded.value;
  const box = useRef<HTMLElement>(null);
  const moved = useRef(false);
  useEffect(() => {
    // The pressed button is gone: keyboard users go on where the answer is.
    if (!moved.current || shown === undefined) return;
    moved.current = false;
    box.current?.focus();
  }, [shown]);
  const onStep = (step: IntervalStep): void => {
    moved.current = true;
    props.onStep(step);
  };
  return (
    <Section
      title="3. What this shows a stranger"
      hint="Found in your own readings by simple rules. Others may find more, or add what they know already."
    >
      <Problem error={loaded.error} />
      {shown === undefined && loaded.error === undefined && <Loading what="what this shows" />}
      {shown !== undefined && (
        <>
          <section
            class="shown"
            ref={box}
            tabIndex={-1}
            aria-label={`Shown by one value every ${stepName(shown.query.step)}`}
          >
            <h3>Your choice: one value every {stepName(shown.query.step)}</h3>
            <Findings found={shown.chosen} oneDay={isOneDay(shown)} />
            <p class="sub">In general: {STEPS.find((known) => known.step === shown.query.step)?.reveals}</p>
          </section>
          <div class="columns">
            {shown.coarser !== undefined && <Coarser at={shown.coarser} around={shown} onStep={onStep} />}
            {shown.finer !== undefined && <Finer at={shown.finer} around={shown} onStep={onStep} />}
          </div>
        </>
      )}
    </Section>
  );
}

const isOneDay = ({ query }: Around): boolean => query.from === query.to;

async function findAround(client: NodeClient, query: CurveQuery): Promise<Around> {
  const at = async (step: IntervalStep): Promise<AtStep> => {
    const views = await client.reveals({ ...query, step });
    return { step, found: views.find((view) => view.step === step)?.found ?? [] };
  };
  const { finer, coarser } = stepsAround(query.step);
  const [chosen, fine, coarse] = await Promise.all([
    at(query.step),
    finer === undefined || isTooFine(query, finer) ? undefined : at(finer),
    coarser === undefined ? undefined : at(coarser),
  ]);
  return { query, chosen: chosen.found, finer: fine, coarser: coarse };
}

function Findings(props: { readonly found: readonly Finding[]; readonly oneDay: boolean }): VNode {
  if (props.found.length === 0) return <p>These rules find nothing in it.</p>;
  return (
    <ul class="findings">
      {byPrivacy(props.found).map((finding) => (
        <li key={finding.kind}>
          <Sensitivity level={finding.sensitivity} />
          <span>
            {finding.text}
            {!props.oneDay && finding.days.length > 0 && <span class="sub">{daysOf(finding.days)}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Sensitivity({ level }: { readonly level: Finding['sensitivity'] }): VNode {
  const { word, sign } = SENSITIVITIES[level];
  return (
    <span class={`level level-${level}`}>
      <span aria-hidden="true">{sign}</span> {word}
      <span class="vh">: </span>
    </span>
  );
}

function Coarser(props: {
  readonly at: AtStep;
  readonly around: Around;
  readonly onStep: (step: IntervalStep) => void;
}): VNode {
  const hidden = byPrivacy(onlyIn(props.around.chosen, props.at.found));
  return (
    <div class="panel">
      <h3>Coarser: one value every {stepName(props.at.step)}</h3>
      {hidden.length === 0 ? (
        <p>Shows the same things, less exactly.</p>
      ) : (
        <>
          <p>Would hide:</p>
          <ul class="findings">
            {hidden.map((finding) => (
              <li key={finding.kind}>
                <Sensitivity level={finding.sensitivity} />
                <span>{findingName(finding.kind)}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      <StepButton step={props.at.step} onStep={props.onStep} />
    </div>
  );
}

function Finer(props: {
  readonly at: AtStep;
  readonly around: Around;
  readonly onStep: (step: IntervalStep) => void;
}): VNode {
  const added = onlyIn(props.at.found, props.around.chosen);
  const unread = props.at.found.length === 0 && props.around.chosen.length > 0;
  return (
    <div class="panel">
      <h3>Finer: one value every {stepName(props.at.step)}</h3>
      {unread ? (
        <p>Your meter is not read this often: there is nothing to sell at this step.</p>
      ) : added.length === 0 ? (
        <p>Shows the same things, more exactly.</p>
      ) : (
        <>
          <p>Would also show:</p>
          <Findings found={added} oneDay={isOneDay(props.around)} />
        </>
      )}
      {!unread && <StepButton step={props.at.step} onStep={props.onStep} />}
    </div>
  );
}

function StepButton(props: {
  readonly step: IntervalStep;
  readonly onStep: (step: IntervalStep) => void;
}): VNode {
  return (
    <p class="row">
      <button type="button" class="btn" onClick={() => props.onStep(props.step)}>
        Sell one value every {stepName(props.step)}
      </button>
    </p>
  );
}

function daysOf(days: readonly string[]): string {
  const named = days.slice(0, MAX_DAYS_NAMED).map(formatDay).join('; ');
  return days.length > MAX_DAYS_NAMED ? `${named}; and ${days.length - MAX_DAYS_NAMED} more` : named;
}
