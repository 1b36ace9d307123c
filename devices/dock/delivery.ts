/** One file from the dock into the library: its bytes into the bucket, then the event, until it is acknowledged. */

import { reasonOf } from '../common/failure-reason.ts';
import { isUnchanged, md5OfFile } from '../common/files.ts';
import { FileChangedError, type ObjectUploads } from '../common/object-upload.ts';
import type { TransferProgress } from '../common/progress.ts';
import { isTransientStatus, type RetryPolicy, retrying } from '../common/retry.ts';
import { type Exchanges, RefusedError } from './exchanges.ts';
import type { DockFlight } from './flight.ts';
import { type FlightFile, fileUploadCallbackData } from './flight-files.ts';
import type { FlightJournal, StoredFile } from './flight-journal.ts';
import { newIds } from './messages.ts';

/** What every delivery of a run shares. */
export interface DeliveryOptions {
  readonly flight: DockFlight;
  readonly journal: FlightJournal;
  readonly exchanges: Exchanges;
  readonly uploads: ObjectUploads;
  readonly progress: TransferProgress;
  readonly signal: AbortSignal;
  /** For faults of object storage. */
  readonly retry?: RetryPolicy | undefined;
}

const OBJECT_MISSING = 404;

/** Object storage cannot be reached, or is out of order: no fault of this file, and maybe over soon. */
export class StorageFaultError extends Error {
  override readonly name = 'StorageFaultError';
  readonly transient = true;
}

function asStorageFault(error: unknown): unknown {
  const {
    $metadata: answer,
    syscall,
    path,
    code,
  } = error as NodeJS.ErrnoException & {
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  const nobodyAnswered = code !== undefined && !path && (answer !== undefined || syscall !== undefined);
  const faulty = answer?.httpStatusCode !== undefined && isTransientStatus(answer.httpStatusCode);
  return nobodyAnswered || faulty ? new StorageFaultError(reasonOf(error), { cause: error }) : error;
}

/** Delivers the files of one flight. */
export class Deliveries {
  readonly #options: DeliveryOptions;
  #acknowledged: number;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    const { flight, journal } = options;
    this.#acknowledged = flight.files.filter((file) => journal.find(file)?.acknowledged).length;
  }

  /** Resolves to the object key once the library has acknowledged the file. */
  async deliver(file: FlightFile): Promise<string> {
    const { journal } = this.#options;
    // Stored by a run that was cut off: maybe even recorded, so the same event is sent again instead of the bytes.
    const remembered = journal.find(file);
    if (remembered) {
      try {
        return await this.#report(file, remembered);
      } catch (error) {
        // Gone from the bucket, or no longer this dock's: the file itself is still here.
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
    const { journal, signal, progress, retry, exchanges } = this.#options;
    const onRead = (bytes: number): void => progress.advance(file.path, 'checking', bytes);
    const md5 = await md5OfFile(file.absolutePath, signal, onRead);
    const put = async (): Promise<string> => {
      await exchanges.connected(signal);
      return this.#put(file, md5);
    };
    const objectKey = await retrying(put, retry, signal);
    if (!(await isUnchanged(file))) throw new FileChangedError();
    const stored = { ...newIds(), objectKey, acknowledged: false };
    await journal.remember(file, stored);
    return stored;
  }

  async #put(file: FlightFile, md5: string): Promise<string> {
    const { uploads, progress, signal } = this.#options;
    const onProgress = (bytes: number): void => progress.advance(file.path, 'uploading', bytes);
    onProgress(0);
    try {
      return await uploads.upload({ ...file, path: file.keySuffix }, md5, { onProgress });
    } catch (error) {
      throw signal.aborted ? error : asStorageFault(error);
    }
  }

  async #report(file: FlightFile, stored: StoredFile): Promise<string> {
    const { exchanges, journal, flight, signal } = this.#options;
    const { objectKey, tid, bid } = stored;
    // This file included. What is under way besides is not counted: the library must not call the flight complete before.
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
