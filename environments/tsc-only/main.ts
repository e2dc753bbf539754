import { trade } from './trade.js';

console.log(await trade());
