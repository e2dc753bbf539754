import type { VNode } from 'preact';
import { useContext, useState } from 'preact/hooks';
import { Field, Problem } from '../components/bits.tsx';
import { Segments } from '../components/segments.tsx';
import { Who, WhoButton } from '../components/who.tsx';
import { LanguageContext } from '../state/language.ts';
import { useNode, useResource } from '../state/node.ts';
import { setTheme, THEMES, theme } from '../state/settings.ts';
import { keyWords } from '../text/key-words.ts';
import { LANGUAGES, type Language, language, t } from '../words/index.ts';

/** Language, brightness, who one is, the practice neighbour, and the names that were given. */
export function SettingsPage(): VNode {
  const info = useResource('info', (client) => client.info(), ['peer']);
  const names = useResource('names', (client) => client.names(), []);
  const key = info.value?.key ?? '';
  return (
    <>
      <div class="head">
        <h1>{t('settings.title')}</h1>
      </div>
      <div class="grid">
        <Look />
        <section class="card c6" aria-labelledby="self">
          <header>
            <h2 id="self">{t('settings.you')}</h2>
          </header>
          {key !== '' && (
            <div class="stack">
              <p class="row">
                <Who of={key} large /> <span class="q">{keyWords(key)}</span>
              </p>
              <p class="s q">{t('settings.you.text')}</p>
              <p class="s">{t('settings.you.copy')}</p>
              <details>
                <summary>{t('common.details')}</summary>
                <p class="mono wrap">{key}</p>
              </details>
            </div>
          )}
        </section>
        <Practice />
        <section class="card c6" aria-labelledby="names">
          <header>
            <h2 id="names">{t('settings.names')}</h2>
          </header>
          {names.value?.length === 0 && <p class="q">{t('settings.names.none')}</p>}
          <ul class="list">
            {(names.value ?? []).map((each) => (
              <li key={each.key} class="row between">
                <WhoButton of={each.key} />
                <span class="s q">{keyWords(each.key)}</span>
              </li>
            ))}
          </ul>
        </section>
      </div>
    </>
  );
}

function Look(): VNode {
  const choose = useContext(LanguageContext);
  const [shown, setShown] = useState(theme);
  const [error, setError] = useState<unknown>(undefined);
  return (
    <section class="card c6" aria-labelledby="look">
      <header>
        <h2 id="look">{t('settings.look')}</h2>
        <span class="s q">{t('settings.kept')}</span>
      </header>
      <div class="stack">
        <Field label={t('settings.language')}>
          {(ids) => (
            <select
              {...ids}
              value={language()}
              onChange={(event) => void choose(event.currentTarget.value as Language).catch(setError)}
            >
              {LANGUAGES.map(({ id, name }) => (
                <option key={id} value={id} lang={id}>
                  {name}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Segments
          label={t('settings.theme')}
          value={shown}
          options={THEMES.map((id) => ({ id, name: t(`settings.theme.${id}`) }))}
          onChange={(chosen) => {
            setTheme(chosen);
            setShown(chosen);
          }}
        />
        <Problem error={error} />
      </div>
    </section>
  );
}

function Practice(): VNode {
  const { client, refresh, say } = useNode();
  const practice = useResource('practice', (node) => node.practice(), ['peer']);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(undefined);
  const isOn = practice.value?.on === true;
  const change = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await client.setPractice(!isOn);
      refresh();
      say(isOn ? t('practice.left') : t('practice.came'));
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <section class="card c6" aria-labelledby="prac">
      <header>
        <h2 id="prac">{t('settings.practice')}</h2>
      </header>
      <div class="stack">
        <p class="q">{t('first.neighbour.text')}</p>
        <p>{isOn ? t('settings.practice.on') : t('settings.practice.off')}</p>
        <p>
          <button type="button" class="btn" disabled={isBusy} onClick={() => void change()}>
            {isOn ? t('settings.practice.stop') : t('settings.practice.start')}
          </button>
        </p>
        <Problem error={error} />
      </div>
    </section>
  );
}
