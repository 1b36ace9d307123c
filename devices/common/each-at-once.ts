import pMap from 'p-map';

/**
 * Calls `work` for each item in order, `concurrency` at a time. After the signal aborts, it starts no further
 * item, and still waits for those that are running. (p-map's own `signal` would not wait.)
 */
export async function eachAtOnce<Item>(
  items: readonly Item[],
  concurrency: number,
  signal: AbortSignal,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  await pMap(items, async (item) => signal.aborted || work(item), { concurrency });
}
