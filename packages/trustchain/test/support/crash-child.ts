import { DatabaseSync, StatementSync } from 'node:sqlite';
import { sqliteBlockStore } from '@edmp/trustchain/sqlite';
import { releaseLog, workload } from './workload.ts';

/** Runs the workload and kills itself before the given SQL statement: `crash-child.ts <database> <log> <statement>`. */
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
await workload(sqliteBlockStore({ path }), releaseLog(log));
