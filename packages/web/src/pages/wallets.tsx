import type { WalletTransactionView, WalletView } from '@edmp/node/client';
import type { VNode } from 'preact';
import { Badge, Empty, Facts, Loading, Problem } from '../components/bits.tsx';
import { useNameOf } from '../components/who.tsx';
import { useResource } from '../state/node.ts';
import { linkTo } from '../state/route.ts';
import { formatTime, shortAssets, shortId } from '../text/format.ts';
import { formatMoney } from '../text/money.ts';

const STATUS: Readonly<
  Record<WalletTransactionView['status'], readonly ['good' | 'busy' | 'plain', string]>
> = {
  final: ['good', 'Final'],
  held: ['busy', 'Set aside'],
  pending: ['busy', 'Expected'],
  returned: ['plain', 'Came back'],
};

/** Balances and movements. */
export function WalletsPage(): VNode {
  const wallets = useResource('wallets', (client) => client.wallets());
  if (wallets.value === undefined) {
    return wallets.error === undefined ? <Loading what="your wallets" /> : <Problem error={wallets.error} />;
  }
  if (wallets.value.length === 0) return <Empty title="This node has no wallet" />;
  return (
    <div class="stack">
      {wallets.value.map((wallet) => (
        <WalletCard key={wallet.id} wallet={wallet} />
      ))}
    </div>
  );
}

function WalletCard({ wallet }: { readonly wallet: WalletView }): VNode {
  const movements = useResource(`movements ${wallet.id}`, (client) => client.transactions(wallet.id));
  const licences = wallet.id === 'EW';
  const explanation = explain(wallet);
  const newest = [...(movements.value ?? [])].reverse();
  return (
    <section class="card sect" aria-label={wallet.name}>
      <header class="split">
        <h2>{wallet.name}</h2>
        <p class="price">
          {licences
            ? `${wallet.available} ${wallet.available === 1n ? 'licence' : 'licences'}`
            : formatMoney(wallet.available + wallet.earned, wallet)}
        </p>
      </header>
      {explanation !== undefined && <p class="hint">{explanation}</p>}
      <Facts
        facts={[
          [licences ? 'You hold' : 'Free to spend', formatMoney(wallet.available, wallet)],
          [licences ? 'Promised in deals' : 'Set aside in deals', formatMoney(wallet.held, wallet)],
          ['Expected from deals', formatMoney(wallet.pending, wallet)],
          ...(wallet.test
            ? [['Earned, not spent again', formatMoney(wallet.earned, wallet)] as [string, string]]
            : []),
          [
            'Address',
            <code key="address" class="wrap">
              {wallet.address}
            </code>,
          ],
        ]}
      />
      <Problem error={movements.error} />
      {newest.length > 0 && (
        <details open>
          <summary>Movements ({newest.length})</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
          <section class="scroll" tabIndex={0} aria-label={`Movements of ${wallet.name}`}>
            <table>
              <thead>
                <tr>
                  <th scope="col">What</th>
                  <th scope="col" class="number">
                    Amount
                  </th>
                </tr>
              </thead>
              <tbody>
                {newest.map((movement) => (
                  <Movement
                    key={`${movement.id} ${movement.direction} ${movement.asset}`}
                    movement={movement}
                    wallet={wallet}
                  />
                ))}
              </tbody>
            </table>
          </section>
        </details>
      )}
    </section>
  );
}

/** What a wallet is, where its name does not say. */
function explain({ id, test }: WalletView): string | undefined {
  if (id === 'EW')
    return 'Licences to use data: yours come from what you buy, and go to those who buy from you.';
  if (test)
    return 'Test money, given to everybody at the start. It has no worth outside this market, and what is earned of it is shown, not spent again.';
  return undefined;
}

function describe({ description }: WalletTransactionView): string {
  return description === 'Grant of test money' ? 'Test money given at the start' : shortAssets(description);
}

function Movement({
  movement,
  wallet,
}: {
  readonly movement: WalletTransactionView;
  readonly wallet: WalletView;
}): VNode {
  const nameOf = useNameOf();
  const [tone, status] = STATUS[movement.status];
  return (
    <tr>
      <td>
        {movement.trade === null ? (
          describe(movement)
        ) : (
          <a href={linkTo('deals', movement.trade)}>{describe(movement)}</a>
        )}
        <span class="sub">
          {movement.time === 0 ? 'At the start' : formatTime(movement.time)}
          {movement.counterparty === null
            ? ''
            : `, ${movement.direction === 'in' ? 'from' : 'to'} ${nameOf(movement.counterparty)}`}
        </span>
      </td>
      <td class="number">
        {movement.direction === 'in' ? '+' : '\u2212'}
        {formatMoney(
          movement.amount,
          movement.asset === wallet.id
            ? wallet
            : { id: shortId(movement.asset), precision: wallet.precision },
        )}
        <br />
        <Badge tone={tone}>{status}</Badge>
      </td>
    </tr>
  );
}
