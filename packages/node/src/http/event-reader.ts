import { EdmpError } from '@edmp/interface';

/** One server-sent event. */
export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
  /** Id of this event, or of the last one before it that has one; empty before the first. */
  readonly id: string;
}

const MAX_EVENT_CHARACTERS = 65_536;

/** Parses a body of server-sent events (WHATWG HTML §9.2.6). Throws `ERR_HTTP_RESPONSE` for an event over 64 Ki characters. */
export async function* readEvents(
  body: ReadableStream<Uint8Array> | null,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  if (body === null) return;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let event = 'message';
  let id = '';
  let data: string[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + decoder.decode(value, { stream: true })).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? '';
      if (rest.length + data.join('').length > MAX_EVENT_CHARACTERS) {
        throw new EdmpError('ERR_HTTP_RESPONSE', 'The node sent an event that is too large');
      }
      for (const line of lines) {
        if (line === '') {
          if (data.length > 0) yield { event, data: data.join('\n'), id };
          event = 'message';
          data = [];
          continue;
        }
        const [, field, content = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
        if (field === 'event') event = content;
        else if (field === 'data') data.push(content);
        else if (field === 'id' && !content.includes('\0')) id = content;
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
