import type { EmulatedRow } from './device.ts';
import type { SignatureFault } from './faults.ts';
import type { SignedTransaction } from './signer.ts';

type Input = SignedTransaction['inputs'][number];

const withInput = (transaction: SignedTransaction, change: Partial<Input>): SignedTransaction => {
  const [input] = transaction.inputs;
  return input === undefined ? transaction : { ...transaction, inputs: [{ ...input, ...change }] };
};

/** The rows that are served instead of `row`; `other` is a transaction of another device. */
export function faultyRows(
  row: EmulatedRow,
  fault: SignatureFault,
  other: SignedTransaction | undefined,
): readonly EmulatedRow[] {
  const { transaction } = row;
  const [input] = transaction.inputs;
  const change = (changed: SignedTransaction): readonly EmulatedRow[] => [{ ...row, transaction: changed }];
  switch (fault) {
    case 'flipped-value':
      return change({ ...transaction, metadata: { ...transaction.metadata, gasReceived: 1 } });
    case 'stale-id':
      return change({
        ...transaction,
        id: transaction.id.replace(/^./, (digit) => (digit === '0' ? '1' : '0')),
      });
    case 'other-key':
      return change(withInput(transaction, { owners_before: other?.inputs[0]?.owners_before ?? [] }));
    case 'broken-link':
      return change(
        withInput(transaction, { fulfills: { output_index: 0, transaction_id: 'ab'.repeat(32) } }),
      );
    case 'fork':
      return [
        row,
        { ...row, transaction: { ...transaction, metadata: { ...transaction.metadata, gasReceived: 2 } } },
      ];
    case 'truncated-fulfillment': {
      const text = input?.fulfillment ?? '';
      return change(withInput(transaction, { fulfillment: `${text.slice(0, 84)}…${text.slice(108)}` }));
    }
  }
}
