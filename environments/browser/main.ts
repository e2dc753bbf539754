import { webCrypto } from '@edmp/interface/crypto/web';
import { trade } from '../trade.ts';

const output = document.querySelector<HTMLElement>('#output');
if (output === null) throw new Error('the page has no #output');
output.textContent = await trade(webCrypto());
output.dataset.done = 'true';
