import { eraseTrade } from '../../src/compose/erase-trade.ts';
import { opened } from './erasure-folder.ts';

/** Erases the trade of its third argument in the folder of its first; prints when it begins and when it is done. */
const [dir = '', secret = '', id = ''] = process.argv.slice(2);
const { trader, records } = await opened(dir, Number(secret));
process.stdout.write('begun\n');
await eraseTrade({ ...trader, journal: records }, id);
process.stdout.write('done\n');
// What it holds open would keep it running.
process.kill(process.pid, 'SIGKILL');
