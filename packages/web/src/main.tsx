import './zod-setup.ts';
import './styles/index.css';
import { createNodeClient } from '@edmp/node/client';
import { render } from 'preact';
import { App } from './app.tsx';
import { applyTheme, startLanguage } from './state/settings.ts';
import { speak } from './words/index.ts';

const root = document.getElementById('app');
if (root !== null) {
  applyTheme();
  // A language that cannot be loaded is no reason to show nothing.
  await speak(startLanguage()).catch(() => undefined);
  root.replaceChildren();
  render(<App client={createNodeClient({ url: location.origin })} />, root);
}
