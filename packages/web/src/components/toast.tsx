import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';

const SHOWN_MS = 8_000;

/** News, for a while; it stays while the pointer or the keyboard is on it. Always there for screen readers. */
export function Toast(props: { readonly text: string; readonly onEnd: () => void }): VNode {
  const { text, onEnd } = props;
  const [isHeld, setHeld] = useState(false);
  useEffect(() => {
    if (text === '' || isHeld) return;
    const timer = setTimeout(onEnd, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [text, isHeld, onEnd]);
  return (
    <p
      class={text === '' ? 'vh' : 'toast'}
      role="status"
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
    >
      {text}
    </p>
  );
}
