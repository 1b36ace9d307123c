/** Flights as they are reported to the server: which files belong together, and how many are stored. */
import { basename } from 'node:path';
import { fileGroupId } from '../common/flight-id.ts';

/** What a group needs of a file. */
export interface GroupedFile {
  readonly path: string;
  readonly directory: string;
  readonly tinyFingerprint: string;
}

/** The files of one folder: DJI's drones write each flight into its own folder. */
export interface FlightGroup {
  readonly fileGroupId: string;
  /** Relative to the folder that was read; empty for its top. */
  readonly directory: string;
  readonly fileCount: number;
  /** Files that are in the library, no matter which run uploaded them. */
  storedCount: number;
}

const directoryOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

/**
 * Groups files by folder. `rootFolder` names the group of the files at the top. `unreadable` has paths of
 * files that cannot be read, but count as files of the flight.
 */
export function groupByFolder(
  files: readonly GroupedFile[],
  unreadable: readonly string[],
  workspaceId: string,
  rootFolder: string,
): Map<string, FlightGroup> {
  const unreadableByDirectory = Map.groupBy(unreadable, directoryOf);
  const filesByDirectory = Map.groupBy(files, (file) => file.directory);
  const groups = new Map<string, FlightGroup>();
  for (const [directory, members] of filesByDirectory) {
    const folderName = basename(directory || rootFolder);
    const first = members.reduce((left, right) => (right.path < left.path ? right : left));
    groups.set(directory, {
      fileGroupId: fileGroupId(workspaceId, folderName, first.tinyFingerprint),
      directory,
      fileCount: members.length + (unreadableByDirectory.get(directory)?.length ?? 0),
      storedCount: 0,
    });
  }
  return groups;
}

/** Reports the counts of a group. */
type SendCounts = (fileGroupId: string, fileCount: number, storedCount: number) => Promise<void>;

/** The state of a group's reports. */
interface ReportState {
  sending: Promise<void> | undefined;
  timer: NodeJS.Timeout | undefined;
  sentAtInMilliseconds: number;
  sentCount: number | undefined;
}

/**
 * Reports the counts of groups while their files upload, and at the end. A group has one report at a time,
 * and a minimum time between them: changes meanwhile are in the next report.
 */
export class GroupReports {
  readonly #send: SendCounts;
  readonly #distanceInMilliseconds: number;
  readonly #states = new Map<FlightGroup, ReportState>();

  constructor(send: SendCounts, distanceInMilliseconds = 500) {
    this.#send = send;
    this.#distanceInMilliseconds = distanceInMilliseconds;
  }

  /** Reports the group soon. Never throws: the next report or `settle` has the same counts. */
  changed(group: FlightGroup): void {
    const state = this.#stateOf(group);
    if (state.sending || state.timer) return;
    const waitInMilliseconds = state.sentAtInMilliseconds + this.#distanceInMilliseconds - Date.now();
    if (waitInMilliseconds > 0) {
      state.timer = setTimeout(() => {
        state.timer = undefined;
        this.#report(group, state);
      }, waitInMilliseconds);
    } else {
      this.#report(group, state);
    }
  }

  /** Waits until the server has the last counts. Resolves to the reason when it could not be reached. */
  async settle(group: FlightGroup): Promise<string | undefined> {
    const state = this.#stateOf(group);
    this.#stopTimer(state);
    await state.sending;
    this.#stopTimer(state);
    if (state.sentCount === group.storedCount) return undefined;
    try {
      await this.#send(group.fileGroupId, group.fileCount, group.storedCount);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Sends no more reports. */
  stop(): void {
    for (const state of this.#states.values()) this.#stopTimer(state);
  }

  #stopTimer(state: ReportState): void {
    clearTimeout(state.timer);
    state.timer = undefined;
  }

  #stateOf(group: FlightGroup): ReportState {
    let state = this.#states.get(group);
    if (!state) {
      state = { sending: undefined, timer: undefined, sentAtInMilliseconds: 0, sentCount: undefined };
      this.#states.set(group, state);
    }
    return state;
  }

  #report(group: FlightGroup, state: ReportState): void {
    const count = group.storedCount;
    state.sentAtInMilliseconds = Date.now();
    state.sending = this.#send(group.fileGroupId, group.fileCount, count).then(
      () => {
        state.sending = undefined;
        state.sentCount = count;
        if (group.storedCount !== count) this.changed(group);
      },
      () => {
        // `settle` reports again.
        state.sending = undefined;
      },
    );
  }
}
