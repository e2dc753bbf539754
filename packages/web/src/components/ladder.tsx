import type { TradeView } from '@edmp/node/client';
import type { VNode } from 'preact';
import { linkTo } from '../state/route.ts';
import { formatClock, shortId } from '../text/format.ts';
import { ladderOf } from '../text/ladder.ts';
import { rung } from '../text/words.ts';

/** The steps of a deal, each with who signed it and the block that proves it. */
export function Ladder({ trade }: { readonly trade: TradeView }): VNode {
  return (
    <ol class="ladder">
      {ladderOf(trade).map((step) => {
        const { title, meaning } = rung(step.name, trade.role);
        const { state } = step;
        const signer =
          step.signedBy === null
            ? null
            : step.signedBy === trade.role
              ? 'you'
              : step.signedBy === 'seller'
                ? 'the seller'
                : 'the buyer';
        return (
          <li
            key={step.name}
            class={`rung rung-${state}`}
            {...(state === 'next' ? { 'aria-current': 'step' as const } : {})}
          >
            <p class="rung-title">
              {title}
              <span class="vh">
                {state === 'done'
                  ? ' (done)'
                  : state === 'next'
                    ? ' (in progress)'
                    : state === 'never'
                      ? ' (did not happen)'
                      : ' (not yet)'}
              </span>
            </p>
            {meaning !== '' && state !== 'never' && <p class="hint">{meaning}</p>}
            {step.at !== null && (
              <p class="rung-proof">
                {signer === null ? 'At ' : `Signed by ${signer} at `}
                {formatClock(step.at)}
                {step.block !== null && (
                  <>
                    {' · '}
                    <a href={linkTo('ledger', step.block)}>block {shortId(step.block)}</a>
                  </>
                )}
              </p>
            )}
            {state === 'next' && (
              <p class="rung-proof">
                {signer === null ? 'In progress…' : `Waiting for ${signer === 'you' ? 'your node' : signer}…`}
              </p>
            )}
          </li>
        );
      })}
    </ol>
  );
}
