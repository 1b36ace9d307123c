import pMap from 'p-map';

/**
 * Calls `work` for each item, `concurrency` at a time, in order. Once the signal aborts it begins no further item, and
 * still waits for those under way. (p-map's own `signal` would not wait.)
 */
export async function eachAtOnce<Item>(
  items: readonly Item[],
  concurrency: number,
  signal: AbortSignal,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  await pMap(items, async (item) => signal.aborted || work(item), { concurrency });
}
