import type { Stream, StreamMessageEvent } from '@libp2p/interface';

/**
 * Cuts a stream off that brings more than `maxBytes` before it was answered: libp2p's readers gather 4 MiB for a message
 * of any kind, which every stream of every connection may hold half sent.
 */
export function boundUntilAnswered(stream: Stream, maxBytes: number): void {
  let bytes = 0;
  const onMessage = ({ data }: StreamMessageEvent): void => {
    bytes += data.byteLength;
    if (bytes <= maxBytes) return;
    stop();
    // The event goes to other listeners first.
    void Promise.resolve().then(() =>
      stream.abort(new Error(`More than ${maxBytes} bytes before an answer`)),
    );
  };
  const stop = (): void => {
    stream.removeEventListener('message', onMessage);
    stream.send = send;
  };
  const send = stream.send.bind(stream);
  stream.send = (data) => {
    stop();
    return send(data);
  };
  stream.addEventListener('message', onMessage);
}
