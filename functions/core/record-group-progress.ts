import type { FlightRef, ReportedCounts } from './flight.ts';
import { type WatchFlightPorts, watchFlight } from './watch-flight.ts';

/**
 * Keeps what a device says of a flight's size. The flight is looked at when the device says that all is up, and when nobody would look at it
 * after a silence.
 */
export async function recordGroupProgress(
  library: WatchFlightPorts,
  flight: FlightRef,
  counts: ReportedCounts,
  now: number = Date.now(),
): Promise<void> {
  const heardAt = new Date(now).toISOString();
  const { checkDueAt } = await library.catalog.recordProgress(flight, { ...counts, heardAt });
  const isAllUp = counts.expectedFileCount > 0 && counts.uploadedFileCount >= counts.expectedFileCount;
  const isWatched = checkDueAt !== undefined && Date.parse(checkDueAt) > now;
  if (isAllUp || !isWatched) await watchFlight(library, flight, now);
}
