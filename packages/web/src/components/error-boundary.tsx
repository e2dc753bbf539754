import { Component, type ComponentChildren } from 'preact';
import { t } from '../words/index.ts';
import { Icon } from './icon.tsx';

interface Props {
  readonly children: ComponentChildren;
}

/** Keeps a screen that broke from taking the page along: says who, why, what of the money, and what next. */
export class ErrorBoundary extends Component<Props, { readonly failure: Error | undefined }> {
  override state: { readonly failure: Error | undefined } = { failure: undefined };

  static override getDerivedStateFromError(failure: Error): { readonly failure: Error } {
    return { failure };
  }

  override render(): ComponentChildren {
    const { failure } = this.state;
    if (failure === undefined) return this.props.children;
    return (
      <div class="note bad fail" role="alert">
        <Icon name="warn" />
        <div>
          <b>{t('fail.page.title')}</b>
          <dl>
            <dt>{t('fail.who')}</dt>
            <dd>{t('fail.page.who')}</dd>
            <dt>{t('fail.why')}</dt>
            <dd>{failure.message}</dd>
            <dt>{t('fail.money')}</dt>
            <dd>{t('fail.page.money')}</dd>
            <dt>{t('fail.next')}</dt>
            <dd>{t('fail.page.next')}</dd>
          </dl>
          <p class="acts">
            <button type="button" class="btn small" onClick={() => location.reload()}>
              {t('fail.page.again')}
            </button>
          </p>
        </div>
      </div>
    );
  }
}
