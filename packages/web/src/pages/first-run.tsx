import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Problem } from '../components/bits.tsx';
import { Icon } from '../components/icon.tsx';
import { KeyPicture } from '../components/key-picture.tsx';
import { Scene } from '../pictures/scene.tsx';
import { useNode, useResource } from '../state/node.ts';
import { linkTo } from '../state/route.ts';
import { keyWords } from '../text/key-words.ts';
import { t } from '../words/index.ts';

/** The first visit: three doors. */
export function FirstRun(): VNode {
  const { client, refresh, say } = useNode();
  const info = useResource('info', (node) => node.info(), ['peer']);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(undefined);
  const practise = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await client.setPractice(true);
      say(t('practice.came'));
      refresh();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  const key = info.value?.key ?? '';
  return (
    <>
      <div class="hello">
        <div class="stack">
          <h1>{t('first.title')}</h1>
          <p class="q lead">{t('first.text')}</p>
        </div>
        <figure>
          <Scene />
        </figure>
      </div>
      <h2 class="vh">{t('first.ways')}</h2>
      <div class="doors">
        <section class="card door1 first">
          <Icon name="spark" />
          <h3>{t('first.practice')}</h3>
          <p class="q">{t('first.practice.text')}</p>
          <button type="button" class="btn go wide" disabled={isBusy} onClick={() => void practise()}>
            {isBusy ? t('first.practice.wait') : t('first.practice.go')}
          </button>
        </section>
        <section class="card door1">
          <Icon name="meter" />
          <h3>{t('first.meter')}</h3>
          <p class="q">{t('first.meter.text')}</p>
          <a class="btn wide" href={linkTo('meters')}>
            {t('home.connect')}
          </a>
        </section>
        <section class="card door1">
          <Icon name="search" />
          <h3>{t('first.look')}</h3>
          <p class="q">{t('first.look.text')}</p>
          <a class="btn wide" href={linkTo('market')}>
            {t('first.look.go')}
          </a>
        </section>
      </div>
      <Problem error={error} />
      <section class="practice card well" aria-labelledby="pn">
        <div class="key l">
          <KeyPicture of="practice" />
          <div>
            <h2 id="pn">{t('first.neighbour')}</h2>
            <p class="s q">{t('first.neighbour.text')}</p>
          </div>
        </div>
      </section>
      {key !== '' && (
        <p class="s q closing">
          <span class="key">
            <KeyPicture of={key} />
          </span>{' '}
          {t('first.key', { name: keyWords(key) })}
        </p>
      )}
    </>
  );
}
