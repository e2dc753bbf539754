const MAX_TOPIC = 512;

/**
 * Whether a text is a topic filter (MQTT 3.1.1 §4.7): `+` and `#` stand alone in their level, `#` in the last one.
 *
 * @param filter - Such as `zigbee2mqtt/+`, 512 characters at most; anything may be given.
 */
export function isTopicFilter(filter: string): boolean {
  if (filter === '' || filter.length > MAX_TOPIC || /[\p{Cc}\ufffd]/u.test(filter)) return false;
  const levels = filter.split('/');
  return levels.every((level, i) =>
    level === '#' ? i === levels.length - 1 : level === '+' || !/[+#]/.test(level),
  );
}

/**
 * What the wildcards of a filter stand for in a topic, joined by slashes (empty for a filter without any); undefined when
 * the topic does not fit. A wildcard in the first level fits no topic that begins with `$` (MQTT 3.1.1 §4.7.2).
 */
export function topicFit(filter: string, topic: string): string | undefined {
  const wanted = filter.split('/');
  const levels = topic.split('/');
  if (topic.startsWith('$') && (wanted[0] === '+' || wanted[0] === '#')) return undefined;
  const found: string[] = [];
  for (const [i, level] of wanted.entries()) {
    if (level === '#') return [...found, ...levels.slice(i)].join('/');
    const told = levels[i];
    if (told === undefined) return undefined;
    if (level === '+') found.push(told);
    else if (level !== told) return undefined;
  }
  return levels.length === wanted.length ? found.join('/') : undefined;
}
