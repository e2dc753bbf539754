import { trade } from './trade.js';

const output = document.querySelector('#output');
output.textContent = await trade();
output.dataset.done = 'true';
