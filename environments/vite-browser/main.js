import { bytesToHex, seededRandom } from '@edmp/interface';

const output = document.querySelector('#output');
output.textContent = `${bytesToHex(seededRandom(7).bytes(32))}\n`;
output.dataset.done = 'true';
