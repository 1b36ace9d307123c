/**
 * Delivers one file from the dock to the library: uploads it, then sends the event until it is acknowledged.
 */

import { diskState, md5OfFile } from '../common/files.ts';
import { FileChangedError, type ObjectUploads } from '../common/object-upload.ts';
import type { TransferProgress } from '../common/progress.ts';
import { type Exchanges, RefusedError } from './exchanges.ts';
import type { DockFlight } from './flight.ts';
import { type FlightFile, fileUploadCallbackData } from './flight-files.ts';
import type { FlightJournal, StoredFile } from './flight-journal.ts';
import { newIds } from './messages.ts';

/** What all deliveries of a run share. */
export interface DeliveryOptions {
  readonly flight: DockFlight;
  readonly journal: FlightJournal;
  readonly exchanges: Exchanges;
  readonly uploads: ObjectUploads;
  readonly progress: TransferProgress;
  readonly signal: AbortSignal;
}

const OBJECT_MISSING = 404;

/** Delivers the files of a flight. */
export class Deliveries {
  readonly #options: DeliveryOptions;
  #acknowledged: number;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    const { flight, journal } = options;
    this.#acknowledged = flight.files.filter((file) => journal.find(file)?.acknowledged).length;
  }

  /** Resolves to the object key when the library has acknowledged the file. */
  async deliver(file: FlightFile): Promise<string> {
    const { journal } = this.#options;
    // Stored by an interrupted run, and maybe reported: the same event is sent again, without another
    // upload.
    const remembered = journal.find(file);
    if (remembered) {
      try {
        return await this.#report(file, remembered);
      } catch (error) {
        // The object is no longer in the bucket, or no longer allowed to this dock. The file itself is
        // still here.
        if (!(error instanceof RefusedError) || error.transient) throw error;
      }
    }
    try {
      return await this.#report(file, await this.#store(file));
    } catch (error) {
      if (!(error instanceof RefusedError) || error.result !== OBJECT_MISSING) throw error;
      return this.#report(file, await this.#store(file));
    }
  }

  async #store(file: FlightFile): Promise<StoredFile> {
    const { journal, signal, progress, uploads, exchanges } = this.#options;
    const object = { ...file, path: file.keySuffix };
    await uploads.assertPossible(object);
    const onRead = (bytes: number): void => progress.advance(file.path, 'checking', bytes);
    const md5 = await md5OfFile(file.absolutePath, signal, onRead);
    // A dock without a connection to its cloud does nothing.
    await exchanges.connected(signal);
    const onProgress = (bytes: number): void => progress.advance(file.path, 'uploading', bytes);
    onProgress(0);
    const objectKey = await uploads.upload(object, md5, { onProgress });
    if ((await diskState(file)) === 'changed') throw new FileChangedError();
    const stored = { ...newIds(), objectKey, acknowledged: false };
    await journal.remember(file, stored);
    return stored;
  }

  async #report(file: FlightFile, stored: StoredFile): Promise<string> {
    const { exchanges, journal, flight, signal } = this.#options;
    const { objectKey, tid, bid } = stored;
    // Counts this file, and none that is still being uploaded: otherwise the flight would be complete too
    // early.
    const counts = {
      uploaded: this.#acknowledged + 1,
      expected: flight.files.length + flight.unreadable.length,
    };
    await exchanges.ask({
      channel: 'events',
      method: 'file_upload_callback',
      data: fileUploadCallbackData(file, objectKey, flight.flightId, flight.drone, counts),
      ids: { tid, bid },
      signal,
    });
    this.#acknowledged++;
    await journal.remember(file, { ...stored, acknowledged: true });
    return objectKey;
  }
}
