/** AWS IoT's limits for topics and topic filters. */
const MAX_SIZE_IN_BYTES = 256;
const MAX_SLASHES = 7;

/** Why AWS IoT refuses messages on the topic; undefined when it does not. */
export function topicProblem(topic: string): string | undefined {
  if (topic === '') return 'the topic is empty';
  if (/[+#\0]/.test(topic)) return 'the topic holds a wildcard or a null character';
  return reservedOrTooLong(topic);
}

/** Why AWS IoT refuses subscriptions to the filter; undefined when it does not. */
export function topicFilterProblem(filter: string): string | undefined {
  if (filter === '') return 'the topic filter is empty';
  if (filter.includes('\0')) return 'the topic filter holds a null character';
  const levels = filter.split('/');
  for (const [index, level] of levels.entries()) {
    if (level.length > 1 && /[+#]/.test(level))
      return 'a wildcard in the topic filter is not alone in its level';
    if (level === '#' && index < levels.length - 1) return '# is not the last level of the topic filter';
  }
  return reservedOrTooLong(filter);
}

function reservedOrTooLong(text: string): string | undefined {
  if (text.startsWith('$')) return 'topics that begin with $ are reserved';
  if (Buffer.byteLength(text) > MAX_SIZE_IN_BYTES) return `it is over ${MAX_SIZE_IN_BYTES} bytes long`;
  if (text.split('/').length - 1 > MAX_SLASHES) return `it has more than ${MAX_SLASHES} slashes`;
  return undefined;
}

/** Whether the filter has a wildcard. */
export function hasWildcard(filter: string): boolean {
  return /[+#]/.test(filter);
}

/** Matches topics against a filter. As in AWS IoT, and unlike the MQTT standard, `a/#` does not match `a`. */
export function topicMatcher(filter: string): (topic: string) => boolean {
  if (!hasWildcard(filter)) return (topic) => topic === filter;
  const levels = filter.split('/');
  const open = levels.at(-1) === '#';
  const fixed = open ? levels.slice(0, -1) : levels;
  return (topic) => {
    if (topic.startsWith('$') && /^[+#]/.test(filter)) return false;
    const names = topic.split('/');
    if (open ? names.length <= fixed.length : names.length !== fixed.length) return false;
    return fixed.every((level, index) => level === '+' || level === names[index]);
  };
}
