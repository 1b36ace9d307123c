import type { FlightRef, ReportedCounts } from './flight.ts';
import { type WatchFlightPorts, watchFlight } from './watch-flight.ts';

/**
 * Records the counts of a flight. The flight is checked when the device says that all is uploaded, and when
 * no check is scheduled.
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
