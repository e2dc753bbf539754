import type { ChainBlockView } from '@edmp/node/client';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Badge, Empty, Facts, Loading, Problem, Section } from '../components/bits.tsx';
import { Who } from '../components/who.tsx';
import { useResource } from '../state/node.ts';
import { linkTo } from '../state/route.ts';
import { formatTime, shortId } from '../text/format.ts';
import { blockName } from '../text/words.ts';

const PAGE = 100;

/** The signed blocks that this node holds. */
export function LedgerPage({ object: selected }: { readonly object: string }): VNode {
  const [mine, setMine] = useState(false);
  const [after, setAfter] = useState(0);
  const info = useResource('info', (client) => client.info());
  const key = info.value?.key;
  const blocks = useResource(
    mine && key === undefined ? undefined : `blocks ${mine} ${key} ${after}`,
    (client) => client.blocks({ limit: PAGE, after, ...(mine && key !== undefined ? { author: key } : {}) }),
  );
  const newest = [...(blocks.value ?? [])].sort((a, b) => b.time - a.time || b.seq - a.seq);
  return (
    <div class="stack">
      {selected !== '' && <Selected id={selected} own={key} />}
      <Section
        title="Blocks"
        hint="Everything agreed on this market is a signed block in its author's chain. Blocks hold no meter readings. An author who signs two blocks with one number has cheated, and the two prove it. “Valid so far” means that its neighbours have not all arrived yet."
      >
        <label class="check">
          <input
            type="checkbox"
            checked={mine}
            onChange={(event) => {
              setMine(event.currentTarget.checked);
              setAfter(0);
            }}
          />
          Only mine
        </label>
        <Problem error={blocks.error} />
        {blocks.value === undefined && blocks.error === undefined && <Loading what="the blocks" />}
        {blocks.value !== undefined && newest.length === 0 && after === 0 && (
          <Empty title="No blocks yet">
            <p>The first offer or bid writes the first block.</p>
          </Empty>
        )}
        {newest.length > 0 && (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
          <section class="scroll scroll-tall" tabIndex={0} aria-label="Table of blocks">
            <table>
              <thead>
                <tr>
                  <th scope="col">What it says</th>
                  <th scope="col">Author</th>
                  <th scope="col">Block</th>
                </tr>
              </thead>
              <tbody>
                {newest.map((block) => (
                  <tr key={block.id} {...(block.id === selected ? { class: 'chosen' } : {})}>
                    <td>
                      {blockName(block.type)}
                      <span class="sub">{formatTime(block.time)}</span>
                    </td>
                    <td>
                      <Who of={block.author} />
                      <span class="sub">block no. {block.seq}</span>
                    </td>
                    <td>
                      <a href={linkTo('ledger', block.id)}>
                        <code>{shortId(block.id)}</code>
                      </a>
                      <br />
                      <Level level={block.level} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        )}
        {(after > 0 || newest.length === PAGE) && (
          <p class="row">
            <button type="button" class="btn" disabled={after === 0} onClick={() => setAfter(after - PAGE)}>
              Earlier blocks
            </button>
            <button
              type="button"
              class="btn"
              disabled={newest.length < PAGE}
              onClick={() => setAfter(after + PAGE)}
            >
              Later blocks
            </button>
          </p>
        )}
      </Section>
    </div>
  );
}

function Level({ level }: { readonly level: string }): VNode {
  if (level === 'invalid') return <Badge tone="bad">Refused</Badge>;
  if (level === 'valid') return <Badge tone="good">Valid</Badge>;
  return <Badge tone="plain">{level === 'no-info' ? 'Signature only' : 'Valid so far'}</Badge>;
}

function Selected({ id, own }: { readonly id: string; readonly own: string | undefined }): VNode {
  const block = useResource(id, (client) => client.block(id));
  return (
    <Section title={block.value === undefined ? 'Block' : blockName(block.value.type)}>
      <Problem error={block.error} />
      {block.value === undefined && block.error === undefined && <Loading what="the block" />}
      {block.value !== undefined && <BlockFacts block={block.value} own={own} />}
      <p>
        <a href={linkTo('ledger')}>Close</a>
      </p>
    </Section>
  );
}

function BlockFacts({
  block,
  own,
}: {
  readonly block: ChainBlockView;
  readonly own: string | undefined;
}): VNode {
  const key = (value: string): VNode => <code class="wrap">{value === own ? `${value} (you)` : value}</code>;
  const link = (value: string): VNode => (
    <a href={linkTo('ledger', value)}>
      <code class="wrap">{value}</code>
    </a>
  );
  return (
    <Facts
      facts={[
        [
          'Id',
          <code key="id" class="wrap">
            {block.id}
          </code>,
        ],
        ['Type', block.type],
        ['When', formatTime(block.time), "by the author's own clock"],
        ['Author', key(block.author), `block number ${block.seq} of this author`],
        ['Addressed to', block.peer === null ? 'Anybody' : key(block.peer)],
        ['Block before', block.prev === null ? 'None, this is the first' : link(block.prev)],
        ['Answers', block.link === null ? 'Nothing, it is a proposal' : link(block.link)],
        ['Size', `${block.bytes} bytes`],
        ['Checked', <Level key="level" level={block.level} />],
      ]}
    />
  );
}
