import { appendFileSync } from 'node:fs';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { recordWorkload } from './recorder-workload.ts';

/** Records the workload and kills itself before the given SQL statement: `recorder-child.ts <database> <log> <statement>`. */
const [path = '', log = '', last = '0'] = process.argv.slice(2);
let left = Number(last);
const count = (): void => {
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
};
const { run } = StatementSync.prototype;
StatementSync.prototype.run = function (...values) {
  count();
  return run.apply(this, values as never);
};
const { exec } = DatabaseSync.prototype;
DatabaseSync.prototype.exec = function (sql) {
  count();
  return exec.call(this, sql);
};
await recordWorkload(path, (step) => appendFileSync(log, `${step}\n`));
