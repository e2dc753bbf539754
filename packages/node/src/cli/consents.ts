import { Command } from 'commander';
import type { ConsentView } from '../service.ts';
import { print, table, write } from './output.ts';
import { type RemoteOptions, remoteNode, remoteOptions, sameNodeCommand } from './remote.ts';

interface ExportOptions extends RemoteOptions {
  readonly output?: string;
}

function stateOf({ withdrawn, validUntil }: ConsentView, now: number): string {
  if (withdrawn !== null) return `withdrawn ${new Date(withdrawn).toISOString().slice(0, 10)}`;
  return now >= validUntil ? 'ended' : `until ${new Date(validUntil).toISOString().slice(0, 10)}`;
}

function listCommand(): Command {
  return remoteOptions(new Command('list'))
    .description('what you agreed to by selling, newest first')
    .action(async (options: RemoteOptions) => {
      const node = remoteNode(options);
      const [consents, { now }] = await Promise.all([node.consents(), node.info()]);
      print(options.json, consents, () =>
        consents.length === 0
          ? 'You have not agreed to anything yet.'
          : `${table(
              ['CONSENT', 'WHAT', 'DAYS', 'FINEST', 'PLACE', 'FOR', 'STATE'],
              consents.map((consent) => [
                consent.id,
                consent.what,
                consent.from === consent.to ? consent.from : `${consent.from} … ${consent.to}`,
                consent.finestStep,
                consent.place,
                consent.purposes.join(', '),
                stateOf(consent, now),
              ]),
            )}\n\nTo withdraw one: ${sameNodeCommand('consents withdraw CONSENT', options)}`,
      );
    });
}

function withdrawCommand(): Command {
  return remoteOptions(new Command('withdraw'))
    .description(
      'withdraw a consent: its listings end and no further copy is delivered; sold copies stay sold',
    )
    .argument('<consent>', 'id of the consent')
    .action(async (id: string, options: RemoteOptions) => {
      const view = await remoteNode(options).withdrawConsent(id);
      print(
        options.json,
        view,
        () => `Withdrawn. No further copy is delivered; copies that were sold cannot be called back.`,
      );
    });
}

function exportCommand(): Command {
  return remoteOptions(new Command('export'))
    .description('all consents with their signed events as JSON, in the structure of ISO/IEC TS 27560')
    .option('-o, --output <file>', 'file to write (default: standard output)')
    .action(async (options: ExportOptions) => {
      const records = await remoteNode(options).consentRecords();
      const text = `${JSON.stringify(records, undefined, 2)}\n`;
      const { writeExport } = await import('./export-file.ts');
      const piece = new TextEncoder().encode(text);
      await writeExport(
        (async function* () {
          yield piece;
        })(),
        'json',
        options.output,
      );
      if (options.output !== undefined && options.output !== '-' && !options.json)
        write(`${records.records.length} consents written.\n`);
    });
}

/** `edmp consents`: what the owner agreed to. */
export function consentsCommand(): Command {
  return new Command('consents')
    .description('what you agreed to by selling: list, withdraw, take along')
    .addCommand(listCommand(), { isDefault: true })
    .addCommand(withdrawCommand())
    .addCommand(exportCommand());
}
