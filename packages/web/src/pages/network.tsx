import type { VNode } from 'preact';
import { Empty, Facts, Loading, Problem } from '../components/bits.tsx';
import { useNameOf, WhoButton } from '../components/who.tsx';
import { useNode, useResource } from '../state/node.ts';
import { shortId } from '../text/format.ts';
import { distance } from '../text/when.ts';
import { t } from '../words/index.ts';

/** Who is connected and how, and what this node is to others. */
export function NetworkPage(): VNode {
  const now = useNode().now() ?? 0;
  const nameOf = useNameOf();
  const info = useResource('info', (client) => client.info(), ['peer']);
  const peers = useResource('peers', (client) => client.peers(), ['peer']);
  const communities = useResource('communities', (client) => client.communities(), []);
  if (info.value === undefined)
    return info.error === undefined ? <Loading what={t('common.screen')} /> : <Problem error={info.error} />;
  const { addresses, matchmaker, witnessKeys, name, version } = info.value;
  return (
    <>
      <div class="head">
        <div>
          <h1>{t('network.title')}</h1>
          <p>{t('network.text', { n: info.value.peers.length })}</p>
        </div>
      </div>
      <div class="grid">
        <section class="card c7" aria-labelledby="peers">
          <header>
            <h2 id="peers">{t('network.peers')}</h2>
          </header>
          <Problem error={peers.error} />
          {peers.value?.length === 0 && (
            <Empty title={t('network.none')}>
              <p class="q">{t('network.none.text')}</p>
            </Empty>
          )}
          <ul class="list">
            {(peers.value ?? []).map((peer) => (
              <li key={peer.key} class="row between">
                <WhoButton of={peer.key} />
                <span class="s q">
                  {peer.ways
                    .map((way) =>
                      [
                        way.relay === null
                          ? t('network.direct')
                          : t('network.relay', { name: nameOf(way.relay) }),
                        ...(way.latencyMs === null
                          ? []
                          : [t('network.latency', { ms: Math.round(way.latencyMs) })]),
                        t('network.since', { when: distance(way.since, now) }),
                      ].join(', '),
                    )
                    .join('; ')}
                </span>
              </li>
            ))}
          </ul>
        </section>
        <div class="c5 stack-l">
          <section class="card" aria-labelledby="this">
            <header>
              <h2 id="this">{t('network.this')}</h2>
            </header>
            <Facts
              facts={[
                [t('network.name'), name],
                [t('network.version'), version],
                [
                  t('network.addresses'),
                  addresses.length === 0 ? (
                    t('network.noAddress')
                  ) : (
                    <span key="a" class="mono wrap">
                      {addresses.join(' ')}
                    </span>
                  ),
                ],
                [t('network.role'), matchmaker ? t('network.yes') : t('network.no')],
                ...(witnessKeys.length === 0
                  ? []
                  : [[t('network.witness'), witnessKeys.map(shortId).join(', ')] as const]),
              ]}
            />
          </section>
          <section class="card" aria-labelledby="com">
            <header>
              <h2 id="com">{t('network.communities')}</h2>
            </header>
            {(communities.value ?? []).length === 0 && <p class="q">{t('network.communities.none')}</p>}
            <ul class="list">
              {(communities.value ?? []).map((community) => (
                <li key={community.name}>
                  <b>{community.name}</b>
                  {community.pending && <span class="sub">{t('network.pending')}</span>}
                </li>
              ))}
            </ul>
          </section>
        </div>
      </div>
    </>
  );
}
