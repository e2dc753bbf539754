#!/usr/bin/env node
// In a syntax that old releases of Node understand too, so that they get this sentence and not a SyntaxError.
const needed = /(\d+)\.(\d+)/.exec(require('../package.json').engines.node);
const found = /(\d+)\.(\d+)/.exec(process.versions.node);
const major = Number(found[1]) - Number(needed[1]);

if (major < 0 || (major === 0 && Number(found[2]) < Number(needed[2]))) {
  process.stderr.write(
    `edmp needs Node ${needed[0]} or newer, and this is Node ${process.versions.node}: get one from https://nodejs.org\n`,
  );
  process.exitCode = 1;
} else {
  import('../dist/cli/main.js').catch((error) => {
    process.stderr.write(`edmp cannot start: ${error.stack || error}\n`);
    process.exitCode = 1;
  });
}
