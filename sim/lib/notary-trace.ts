import type { Network } from '../../packages/interface/src/index.ts';
import { decodeNotaryAnswer } from '../../packages/market/src/notary/answers.ts';
import { NOTARY_PROTOCOL } from '../../packages/market/src/notary/limits.ts';
import { decodeNotaryRequest } from '../../packages/market/src/notary/messages.ts';

/** A network of which what its notary answers is told in words, for whoever reads a trace. */
export function tracedNotary(network: Network, isRead: boolean, tell: (text: string) => void): Network {
  const handle: Network['handle'] = (protocol, handler, options) => {
    if (protocol !== NOTARY_PROTOCOL) return network.handle(protocol, handler, options);
    return network.handle(
      protocol,
      async (request) => {
        const answer = await handler(request);
        if (isRead && answer instanceof Uint8Array)
          tell(`${describe(request.body)} -> ${describeAnswer(answer)}`);
        return answer as Uint8Array;
      },
      options,
    );
  };
  return new Proxy(network, {
    get: (target, name) => (name === 'handle' ? handle : (Reflect.get(target, name) as unknown)),
  });
}

/**
 * A network of which `see` hears every answer of the notary protocol as it goes out, with a word from the moment in
 * which its request came. It adds nothing that a run could notice.
 */
export function watchedNotary(
  network: Network,
  asked: (body: Uint8Array) => (answer: Uint8Array) => void,
): Network {
  const handle: Network['handle'] = (protocol, handler, options) => {
    if (protocol !== NOTARY_PROTOCOL) return network.handle(protocol, handler, options);
    return network.handle(
      protocol,
      (request) => {
        const see = asked(request.body);
        const answer = handler(request);
        Promise.resolve(answer).then(
          (bytes) => {
            if (bytes instanceof Uint8Array) see(bytes);
          },
          () => undefined,
        );
        return answer;
      },
      options,
    );
  };
  return new Proxy(network, {
    get: (target, name) => (name === 'handle' ? handle : (Reflect.get(target, name) as unknown)),
  });
}

function describe(body: Uint8Array): string {
  try {
    const request = decodeNotaryRequest(body);
    return request.kind === 'spend' ? `spend of ${request.blocks.length} for ${request.want}` : request.kind;
  } catch {
    return 'unreadable';
  }
}

function describeAnswer(bytes: Uint8Array): string {
  try {
    const answer = decodeNotaryAnswer(bytes);
    switch (answer.kind) {
      case 'refused':
        return `refused ${answer.code} ${answer.message}`;
      case 'need':
        return `need ${answer.ids.join(' ')}`;
      case 'later':
        return `later ${answer.ms}`;
      case 'holds':
        return answer.holds
          .map(
            ({ statements, need, laterMs }) =>
              `[${statements.map(({ kind }) => kind)}] need ${need} later ${laterMs}`,
          )
          .join('; ');
      default:
        return answer.kind;
    }
  } catch {
    return 'unreadable';
  }
}
