/** What a device's messages say of a group's size. */
export interface ReportedCounts {
  readonly expectedFileCount: number;
  readonly uploadedFileCount: number;
}

/** How far the files of one flight have come. */
export interface GroupProgress extends ReportedCounts {
  /** Distinct files of this flight in the library. */
  readonly receivedFileCount: number;
}

/**
 * Whether all of a flight's files are in: by the device's own count, which includes files that were linked and not
 * uploaded, or by the files that the library holds.
 */
export const isComplete = ({
  expectedFileCount,
  uploadedFileCount,
  receivedFileCount,
}: GroupProgress): boolean =>
  expectedFileCount > 0 && Math.max(uploadedFileCount, receivedFileCount) >= expectedFileCount;
