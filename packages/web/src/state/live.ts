import type { LiveView } from '@edmp/node/client';
import { useEffect, useState } from 'preact/hooks';
import { useNode } from './node.ts';

/** The newest power of a meter, drawn anew as it changes. */
export function useLive(meter: string): LiveView | undefined {
  const { live } = useNode();
  const [value, setValue] = useState(() => live.get(meter));
  useEffect(() => {
    setValue(live.get(meter));
    return live.on(() => setValue(live.get(meter)));
  }, [live, meter]);
  return value;
}
