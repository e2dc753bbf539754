import './zod-setup.ts';
import 'uplot/dist/uPlot.min.css';
import './styles.css';
import { createNodeClient } from '@edmp/node/client';
import { render } from 'preact';
import { App } from './app.tsx';

const root = document.getElementById('app');
if (root !== null) {
  root.replaceChildren();
  render(<App client={createNodeClient({ url: location.origin })} />, root);
}
