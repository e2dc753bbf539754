import type { TradeView } from '@edmp/node/client';
import type { VNode } from 'preact';
import { useResource } from '../state/node.ts';
import { linkTo } from '../state/route.ts';
import { formatClock, shortId } from '../text/format.ts';
import { ladderOf } from '../text/ladder.ts';
import { rung } from '../text/words.ts';
import { Icon } from './icon.tsx';
import { KeyPicture } from './key-picture.tsx';

/** The steps of a deal, each with who signed it and the block that proves it. */
export function Ladder({ trade }: { readonly trade: TradeView }): VNode {
  const own = useResource('info', (client) => client.info(), ['peer']).value?.key;
  return (
    <ol class="ladder">
      {ladderOf(trade).map((step, index) => {
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
        const mark = { done: 'done', next: 'now', later: '', never: '' }[state];
        return (
          <li
            key={step.name}
            class={`rung rung-${state} ${mark}`}
            {...(state === 'next' ? { 'aria-current': 'step' as const } : {})}
          >
            <span class="knot" aria-hidden="true">
              {state === 'done' ? <Icon name="ok" /> : state === 'never' ? <Icon name="x" /> : index + 1}
            </span>
            <div>
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
                <p class="rung-proof signs">
                  <span class="sign">
                    {signer === null ? (
                      <Icon name="clock" />
                    ) : (
                      <KeyPicture of={signer === 'you' ? (own ?? '') : trade.partner} />
                    )}
                    <span>
                      {signer === null ? 'At ' : `Signed by ${signer} at `}
                      {formatClock(step.at)}
                      {step.block !== null && (
                        <>
                          {' · '}
                          <a href={linkTo('ledger', step.block)}>block {shortId(step.block)}</a>
                        </>
                      )}
                    </span>
                  </span>
                </p>
              )}
              {state === 'next' && (
                <p class="rung-proof signs">
                  <span class="sign wait">
                    <Icon name="clock" />
                    {signer === null
                      ? 'In progress…'
                      : `Waiting for ${signer === 'you' ? 'your node' : signer}…`}
                  </span>
                </p>
              )}
            </div>
          </li>
        );
      })}
    </ol>
  );
}
