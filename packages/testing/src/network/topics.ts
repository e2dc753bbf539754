import {
  bytesToUtf8,
  type Environment,
  equalBytes,
  type Network,
  type PublicKey,
  sleep,
  TimeoutError,
  type TopicVerdict,
  utf8ToBytes,
} from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { eventually, itemAt, thrown } from '../support.ts';
import { type NetworkSuiteOptions, withNetworks } from './harness.ts';

const TOPIC = '/suite/topic/1';

interface Inbox {
  /** Texts received, in order. */
  readonly texts: string[];
  readonly from: PublicKey[];
  /** What the handler answers; may throw. */
  verdict: (text: string) => TopicVerdict | Promise<TopicVerdict>;
  readonly unsubscribe: () => void;
}

function inbox(network: Network): Inbox {
  const texts: string[] = [];
  const from: PublicKey[] = [];
  const box: Inbox = {
    texts,
    from,
    verdict: () => 'accept',
    unsubscribe: network.subscribe(TOPIC, (body, sender) => {
      const text = bytesToUtf8(body);
      texts.push(text);
      from.push(sender);
      return box.verdict(text);
    }),
  };
  return box;
}

/** Publishes new messages until all `boxes` got one: subscriptions take time to spread. */
async function warmUp(publisher: Network, boxes: readonly Inbox[], environment: Environment): Promise<void> {
  for (let i = 0; i < 100; i++) {
    await publisher.publish(TOPIC, utf8ToBytes(`warm-up ${i}`));
    await sleep(environment, 100);
    if (boxes.every(({ texts }) => texts.includes(`warm-up ${i}`))) return;
  }
  throw new TimeoutError('The topic did not reach all subscribers within 100 messages');
}

const publish = (network: Network, text: string): Promise<void> => network.publish(TOPIC, utf8ToBytes(text));
const got = (box: Inbox, text: string): boolean => box.texts.includes(text);

/** Topics: who receives, who relays, what is held back. */
export function topicCases(options: NetworkSuiteOptions): void {
  describe('topics', () => {
    it('delivers to every subscriber once, not to others, and not back to the sender', () =>
      withNetworks(options, 4, 'mesh', async (networks, environment) => {
        const [a, b, c] = [itemAt(networks, 0), itemAt(networks, 1), itemAt(networks, 2)];
        const own = inbox(a);
        const boxes = [inbox(b), inbox(c)];
        await warmUp(a, boxes, environment);
        for (let i = 0; i < 10; i++) await publish(a, `message ${i}`);
        await eventually(environment, 'all messages arrive', () =>
          boxes.every((box) => box.texts.filter((text) => text.startsWith('message')).length >= 10),
        );
        await sleep(environment, 300);
        for (const box of boxes) {
          const texts = box.texts.filter((text) => text.startsWith('message'));
          expect(texts.sort()).toEqual(Array.from({ length: 10 }, (_, i) => `message ${i}`));
        }
        expect(own.texts).toEqual([]);
      }));

    it('relays accepted messages along a line and names the peer that delivered them', () =>
      withNetworks(options, 3, 'line', async (networks, environment) => {
        const [a, b, c] = [itemAt(networks, 0), itemAt(networks, 1), itemAt(networks, 2)];
        const [near, far] = [inbox(b), inbox(c)];
        near.verdict = () => Promise.resolve('accept');
        await warmUp(a, [near, far], environment);
        expect(near.from.every((sender) => equalBytes(sender, a.self))).toBe(true);
        expect(far.from.every((sender) => equalBytes(sender, b.self))).toBe(true);
      }));

    for (const [name, verdict] of [
      ['ignored', () => 'ignore' as const],
      ['rejected', async () => 'reject' as const],
      [
        'unjudgeable (the validator throws)',
        () => {
          throw new TypeError('cannot judge');
        },
      ],
    ] as const) {
      it(`does not relay ${name} messages, and goes on relaying good ones`, () =>
        withNetworks(options, 3, 'line', async (networks, environment) => {
          const [a, b, c] = [itemAt(networks, 0), itemAt(networks, 1), itemAt(networks, 2)];
          const [near, far] = [inbox(b), inbox(c)];
          await warmUp(a, [near, far], environment);
          near.verdict = (text) => (text === 'bad' ? verdict() : 'accept');
          await publish(a, 'bad');
          await eventually(environment, 'the validator sees the message', () => got(near, 'bad'));
          await publish(a, 'good');
          await eventually(environment, 'the good message arrives', () => got(far, 'good'));
          await sleep(environment, 300);
          expect(got(far, 'bad')).toBe(false);
        }));
    }

    it('keeps topics apart', () =>
      withNetworks(options, 2, 'mesh', async (networks, environment) => {
        const [a, b] = [itemAt(networks, 0), itemAt(networks, 1)];
        const box = inbox(b);
        let others = 0;
        b.subscribe('/suite/other-topic/1', () => {
          others++;
          return 'accept';
        });
        await warmUp(a, [box], environment);
        expect(others).toBe(0);
      }));

    it('takes one handler per topic and stops delivering when it is taken back', () =>
      withNetworks(options, 3, 'mesh', async (networks, environment) => {
        const [a, b, c] = [itemAt(networks, 0), itemAt(networks, 1), itemAt(networks, 2)];
        const [box, witness] = [inbox(b), inbox(c)];
        thrown(() => b.subscribe(TOPIC, () => 'accept'), 'ERR_INVALID_ARGUMENT');
        await warmUp(a, [box, witness], environment);
        box.unsubscribe();
        await publish(a, 'after');
        await eventually(environment, 'the other subscriber gets it', () => got(witness, 'after'));
        await sleep(environment, 300);
        expect(got(box, 'after')).toBe(false);
        const again = inbox(b);
        box.unsubscribe();
        await warmUp(a, [again], environment);
      }));

    it('publishes into the void without an error', () =>
      withNetworks(options, 1, 'none', async (networks) => {
        await publish(itemAt(networks, 0), 'anybody?');
      }));
  });
}
