/** Cards full of flights, for uploaders and docks of the kill test. What they hold depends on the seed alone. */
import { cpSync, existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { SeededRandom } from '../seeded-random.ts';

/** Long ago, so that a file's times tell later changes. */
const RECORDED_AT = new Date('2024-05-16T11:42:07Z');

/** How much cards hold. */
export interface CardSize {
  readonly mostFlights: number;
  readonly mostFiles: number;
  /** Share of files that are large enough to go up in parts. */
  readonly videos: number;
}

/** Above the part size of each device. */
const VIDEO_IN_BYTES = { pilot: 5_300_000, dock: 8_500_000 } as const;
const VIDEO_SPREAD_IN_BYTES = 1_000_000;
const PHOTO_IN_BYTES = [200, 60_000] as const;

/** Files whose bytes are those of an earlier one of the same device. */
const COPIED_FILES = 0.08;
/** Files whose bytes other devices have as well. */
const COMMON_FILES = 0.08;
const COMMON_CONTENTS = 12;
/** Flights that are an earlier one with a file more. */
const COPIED_FLIGHTS = 0.1;

/** Names as drones write them, and as people rename them. */
const SUFFIXES = ['V.JPG', 'T.JPG', 'V.DNG', 'MS G 100%25.TIF', 'été +&.JPG', 'PPKOBS.obs', 'Timestamp.MRK'];

/** What cards are made of. */
export interface CardsOptions {
  /** Where they are written. */
  readonly folder: string;
  readonly random: SeededRandom;
  readonly size: CardSize;
  /** From {@link commonContents}. */
  readonly common: readonly Uint8Array[];
}

/** Bytes of files that several devices have. */
export const commonContents = (random: SeededRandom): Uint8Array[] =>
  Array.from({ length: COMMON_CONTENTS }, () => random.bytes(random.integer(...PHOTO_IN_BYTES)));

/** The cards of one device. Later ones repeat some of what earlier ones hold. */
export class Cards {
  readonly #folder: string;
  readonly #random: SeededRandom;
  readonly #size: CardSize;
  readonly #common: readonly Uint8Array[];
  readonly #files: string[] = [];
  readonly #flights: string[] = [];
  #count = 0;
  #flightCount = 0;

  constructor({ folder, random, size, common }: CardsOptions) {
    this.#folder = folder;
    this.#random = random;
    this.#size = size;
    this.#common = common;
  }

  /** A card as Pilot finds it: a folder for each flight. */
  pilotCard(): string {
    const card = this.#next();
    const flights = this.#random.integer(1, this.#size.mostFlights);
    for (let number = 1; number <= flights; number++) this.#writeFlight(join(card, 'DCIM'), 'pilot');
    this.#write(join(card, '.DS_Store'), Buffer.from('what a Mac leaves behind'));
    this.#write(join(card, 'DCIM', 'DJI_empty.JPG'), Buffer.alloc(0));
    return card;
  }

  /** One flight of a dock's drone. */
  dockFlight(): string {
    return this.#writeFlight(this.#next(), 'dock');
  }

  #next(): string {
    this.#count += 1;
    return join(this.#folder, String(this.#count));
  }

  #writeFlight(parent: string, device: 'pilot' | 'dock'): string {
    const random = this.#random;
    this.#flightCount += 1;
    const number = String(this.#flightCount).padStart(3, '0');
    const earlier = this.#flights.filter((flight) => !existsSync(join(parent, basename(flight))));
    const repeats = earlier.length > 0 && random.chance(COPIED_FLIGHTS);
    const original = repeats ? random.oneOf(earlier) : undefined;
    const name =
      original !== undefined ? basename(original) : `DJI_202405161140_${number}_${basename(this.#folder)}`;
    const flight = join(parent, name);
    mkdirSync(flight, { recursive: true });
    if (original !== undefined) {
      for (const file of readdirSync(original)) this.#copy(join(original, file), join(flight, file));
      // It comes first, so this is another flight.
      this.#write(join(flight, `AAA_${number}.JPG`), random.bytes(random.integer(...PHOTO_IN_BYTES)));
      return flight;
    }
    const files = random.integer(1, this.#size.mostFiles);
    for (let index = 1; index <= files; index++) this.#writeFile(flight, index, device);
    this.#flights.push(flight);
    return flight;
  }

  #writeFile(flight: string, index: number, device: 'pilot' | 'dock'): void {
    const random = this.#random;
    const start = `DJI_20240516114207_${String(index).padStart(4, '0')}_`;
    if (random.chance(this.#size.videos)) {
      const path = join(flight, `${start}V.MP4`);
      this.#write(path, random.bytes(VIDEO_IN_BYTES[device] + random.integer(0, VIDEO_SPREAD_IN_BYTES)));
      return;
    }
    const path = join(flight, start + random.oneOf(SUFFIXES));
    if (this.#files.length > 0 && random.chance(COPIED_FILES)) this.#copy(random.oneOf(this.#files), path);
    else if (random.chance(COMMON_FILES)) this.#write(path, random.oneOf(this.#common));
    else this.#write(path, random.bytes(random.integer(...PHOTO_IN_BYTES)));
    this.#files.push(path);
  }

  #copy(from: string, to: string): void {
    cpSync(from, to);
    utimesSync(to, RECORDED_AT, RECORDED_AT);
  }

  #write(path: string, bytes: Uint8Array): void {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    utimesSync(path, RECORDED_AT, RECORDED_AT);
  }
}
