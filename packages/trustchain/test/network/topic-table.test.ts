import { publicKey, type TopicVerdict, virtualEnvironment } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { peerPenalties } from '../../src/network/peer-penalties.ts';
import { type TopicTableOptions, topicTable } from '../../src/network/topic-table.ts';

const from = publicKey(new Uint8Array(32).fill(1));
const body = new Uint8Array(4);

describe('penalties', () => {
  it('leak away whole', async () => {
    const environment = virtualEnvironment();
    const penalties = peerPenalties({ environment, points: 10, leakPerMinute: 10 });
    penalties.penalise('a');
    expect(penalties.points('a')).toBe(10);
    await environment.advance(60_000);
    expect(penalties.points('a')).toBe(0);
  });

  it('are remembered of the peers penalised last', () => {
    const penalties = peerPenalties({ environment: virtualEnvironment(), maxPeers: 2 });
    for (const peer of ['a', 'b', 'a', 'c']) penalties.penalise(peer);
    expect(['a', 'b', 'c'].map((peer) => penalties.points(peer))).toEqual([20, 0, 10]);
  });
});

describe('a topic table', () => {
  const create = (limits: Partial<TopicTableOptions>) => {
    const penalties = peerPenalties({ environment: virtualEnvironment() });
    return { penalties, table: topicTable({ penalties, ...limits }) };
  };

  it('holds a bounded number of bytes that wait for their verdict, for one peer and for all', async () => {
    const { table } = create({ pendingBudget: { perPeer: 100, total: 400 } });
    const finish: (() => void)[] = [];
    table.subscribe('t', () => new Promise((resolve) => finish.push(() => resolve('accept'))));
    const judge = async (peer: string): Promise<TopicVerdict> =>
      table.judge('t', new Uint8Array(60), from, peer);
    const verdicts = ['a', 'a', 'b', 'c', 'd', 'e', 'f', 'g'].map(judge);
    expect(finish).toHaveLength(5);
    for (const end of finish.splice(0)) end();
    const accepted = ['accept', 'ignore', 'accept', 'accept', 'accept', 'accept', 'ignore', 'ignore'];
    expect(await Promise.all(verdicts)).toEqual(accepted);
    const again = judge('a');
    for (const end of finish.splice(0)) end();
    expect(await again).toBe('accept');
  });

  it('ignores messages of topics that nobody subscribed to', async () => {
    const { table, penalties } = create({});
    expect(await table.judge('topic', body, from, 'a')).toBe('ignore');
    expect(penalties.points('a')).toBe(0);
  });

  it('rejects messages beyond the limit at the expense of their sender, without asking the handler', async () => {
    const { table, penalties } = create({ maxMessageBytes: 3 });
    let asked = 0;
    table.subscribe('topic', () => {
      asked++;
      return 'accept';
    });
    expect(await table.judge('topic', body, from, 'a')).toBe('reject');
    expect(await table.judge('topic', body.subarray(1), from, 'a')).toBe('accept');
    expect(penalties.points('a')).toBe(10);
    expect(asked).toBe(1);
  });

  it('ignores messages of a peer that has too many undecided, and hears it again afterwards', async () => {
    const { table } = create({ maxPendingPerPeer: 2 });
    const waiting: ((verdict: TopicVerdict) => void)[] = [];
    table.subscribe('topic', () => new Promise((resolve) => waiting.push(resolve)));
    const first = [table.judge('topic', body, from, 'a'), table.judge('topic', body, from, 'a')];
    expect(await table.judge('topic', body, from, 'a')).toBe('ignore');
    const other = table.judge('topic', body, from, 'b');
    for (const resolve of waiting.splice(0)) resolve('accept');
    expect(await Promise.all([...first, other])).toEqual(['accept', 'accept', 'accept']);
    const again = table.judge('topic', body, from, 'a');
    for (const resolve of waiting.splice(0)) resolve('accept');
    expect(await again).toBe('accept');
  });
});
