/**
 * Whom a request comes from: its address, or the /64 network of it, which one machine has whole. Nobody knows behind a
 * proxy, which is what loopback stands for.
 */
export function clientOf(address: string | undefined): string | undefined {
  if (address === undefined || address === '::1' || /^(::ffff:)?127\.0\.0\.1$/.test(address))
    return undefined;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address;
  const [head = '', tail = ''] = address.split('%')[0]?.split('::') ?? [];
  const [before, after] = [head, tail].map((part) => part.split(':').filter((group) => group !== ''));
  const missing = 8 - (before?.length ?? 0) - (after?.length ?? 0);
  const groups = [...(before ?? []), ...Array<string>(Math.max(0, missing)).fill('0'), ...(after ?? [])];
  return `${groups.slice(0, 4).join(':')}/64`;
}
