import { enableCompileCache } from 'node:module';
import { ExitCode, write, writeError } from './output.ts';

// Keeps compiled code in the system's folder for temporary files: the second start of a node takes a third less.
enableCompileCache();
const { runCommandLine } = await import('./program.ts');

// A reader that has seen enough (`edmp … | head`) ends the program quietly.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(ExitCode.ok);
  throw error;
});

process.exitCode = await runCommandLine(process.argv.slice(2), { out: write, err: writeError });
