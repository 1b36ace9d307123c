/** The service that an operator may call while the dock plays: to upload its flight before others. */
import type { Exchanges } from './exchanges.ts';
import type { Message } from './messages.ts';

const PRIORITIZE = 'upload_flighttask_media_prioritize';
const HIGHEST_PRIORITY = 'highest_priority_upload_flighttask_media';
/** DJI's code for an invalid parameter. */
const INVALID_PARAMETER = 210002;

/** The dock's replies to services. */
export class DockServices {
  readonly #exchanges: Exchanges;
  readonly #flightId: string;
  readonly #onNews: (text: string) => void;
  readonly #signal: AbortSignal;
  readonly #announcing = new Set<Promise<void>>();

  constructor(exchanges: Exchanges, flightId: string, onNews: (text: string) => void, signal: AbortSignal) {
    this.#exchanges = exchanges;
    this.#flightId = flightId;
    this.#onNews = onNews;
    this.#signal = signal;
  }

  /**
   * Replies, and reports the flight that is uploaded first. Services that a dock does not know get no reply.
   */
  receive({ method, data, tid, bid }: Message): void {
    if (method !== PRIORITIZE) return;
    const has = data['flight_id'] === this.#flightId;
    this.#exchanges.say('services_reply', method, { tid, bid }, { result: has ? 0 : INVALID_PARAMETER });
    if (!has) return;
    this.#onNews('Asked to upload this flight before others.');
    const announcement = this.#announce().finally(() => this.#announcing.delete(announcement));
    this.#announcing.add(announcement);
  }

  /** Waits for running reports. */
  async settled(): Promise<void> {
    await Promise.all(this.#announcing);
  }

  async #announce(): Promise<void> {
    const data = { flight_id: this.#flightId };
    try {
      await this.#exchanges.ask({ channel: 'events', method: HIGHEST_PRIORITY, data, signal: this.#signal });
    } catch (error) {
      if (!this.#signal.aborted) this.#onNews(`Not reported: ${(error as Error).message}.`);
    }
  }
}
