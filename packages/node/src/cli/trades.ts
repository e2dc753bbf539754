import { Command } from 'commander';
import type { NodeClient } from '../client.ts';
import { NodeError } from '../compose/errors.ts';
import type { TradeEvidenceView, TradeView } from '../service.ts';
import { print, strangersText } from './output.ts';
import { type RemoteOptions, remoteNode, remoteOptions, sameNodeCommand } from './remote.ts';

/** A trade's steps for people. */
export function tradeText(trade: TradeView): string {
  return [
    `Trade ${trade.id}`,
    `You are the ${trade.role}; ${trade.price} ${trade.currencyLabel}; ${trade.state}${trade.failed === null ? '' : `: ${strangersText(trade.failed, 500)}`}`,
    trade.stateText,
    ...trade.steps.map((step) =>
      `  ${step.name.padEnd(18)} ${step.at === null ? '' : new Date(step.at).toISOString()}  ${(step.signedBy ?? '').padEnd(6)}  ${step.block ?? ''}`.trimEnd(),
    ),
    `Most you can lose now: ${trade.atRisk} ${trade.currencyLabel}`,
  ].join('\n');
}

/** Certificates and outcome of a trade for people. */
export function evidenceText(trade: TradeView, evidence: TradeEvidenceView): string {
  const decided =
    trade.witnesses.length === 0
      ? 'Nobody decides about the money of this trade: the receipt pays, and without one it comes back.'
      : `Decided by ${trade.witnesses.length === 1 ? 'this witness' : `${trade.witnesses.length} witnesses`}: ${trade.witnesses.join(', ')}`;
  return [
    `Hold      ${evidence.hold ?? 'no money is held'}`,
    `Outcome   ${outcomeText(trade, evidence)}`,
    decided,
    ...evidence.certificates.map(
      ({ kind, subject, signers }) =>
        `  ${kind.padEnd(7)} ${subject}\n          signed by ${signers.map((key) => `${key.slice(0, 16)}…`).join(', ')}`,
    ),
  ].join('\n');
}

/** What became of the held money, or why nothing did yet. */
function outcomeText({ witnesses }: TradeView, { hold, outcome }: TradeEvidenceView): string {
  if (outcome !== null) return OUTCOMES[outcome] ?? strangersText(outcome);
  if (hold === null) return 'none: there is no hold to decide about';
  return witnesses.length === 0
    ? 'open: without witnesses the receipt or the end of the complaint window decides'
    : 'open: asked just now, and no quorum of witnesses has decided yet';
}

const OUTCOMES: Readonly<Record<string, string>> = {
  paid: 'paid: the witnesses saw the release in time, and no founded complaint',
  refund: 'refund: the witnesses found a complaint founded',
  none: 'given back: no release reached the witnesses in time',
  receipt: 'paid by the buyer’s receipt',
  unwitnessed: 'taken back by the buyer: no receipt, and no witnesses',
};

/** `edmp trades`: both sides' deals, step by step; `show` tells one with what proves it. */
export function tradesCommand(): Command {
  const command = remoteOptions(new Command('trades').description('your deals, step by step')).action(
    async (options: RemoteOptions) => {
      const all = await remoteNode(options).trades();
      print(options.json, all, () => (all.length === 0 ? 'No deals yet.' : all.map(tradeText).join('\n\n')));
    },
  );
  command.addCommand(
    remoteOptions(new Command('show').description('one deal with its certificates and outcome'))
      .argument('<trade>', 'id from `edmp trades`, or its beginning')
      .action(async (start: string, _: object, self: Command) => {
        const options = self.optsWithGlobals<RemoteOptions>();
        const node = remoteNode(options);
        const trade = await tradeNamed(node, start, options);
        const evidence = await node.tradeEvidence(trade.id);
        print(
          options.json,
          { ...trade, evidence },
          () => `${tradeText(trade)}\n${evidenceText(trade, evidence)}`,
        );
      }),
  );
  return command;
}

/** The deal whose id begins with a text. Throws `ERR_NODE_NOT_FOUND`. */
export async function tradeNamed(
  node: NodeClient,
  start: string,
  options: RemoteOptions,
): Promise<TradeView> {
  if (/^[0-9a-f]{64}$/.test(start)) return node.trade(start);
  const found = (await node.trades()).filter(
    ({ id }) => /^[0-9a-f]{4,}$/.test(start) && id.startsWith(start),
  );
  const [trade] = found;
  if (trade === undefined || found.length > 1) {
    throw new NodeError(
      'ERR_NODE_NOT_FOUND',
      `${trade === undefined ? 'No deal' : 'More than one deal'} begins with ${JSON.stringify(start.slice(0, 80))}; ${sameNodeCommand('trades', options)} lists them`,
    );
  }
  return trade;
}
