/** Flights as the server hears of them: which files belong together, and how many are in. */
import { basename } from 'node:path';
import { fileGroupId } from '../common/flight-id.ts';

/** What a group needs to know of a file. */
export interface GroupedFile {
  readonly path: string;
  readonly directory: string;
  readonly tinyFingerprint: string;
}

/** One folder's files: DJI writes each flight into a folder of its own. */
export interface FlightGroup {
  readonly fileGroupId: string;
  /** Relative to the folder that was read; empty for its top. */
  readonly directory: string;
  readonly fileCount: number;
  /** Files that are in the library, whoever brought them there. */
  storedCount: number;
}

const directoryOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

/**
 * Groups files by folder. `rootFolder` names the group of the files at the top. `unreadable` are paths of files that are
 * the flight's all the same: without them it is not complete.
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

/** Sends what the group counts are now. */
type SendCounts = (fileGroupId: string, fileCount: number, storedCount: number) => Promise<void>;

/** How a group's reports stand. */
interface ReportState {
  sending: Promise<void> | undefined;
  timer: NodeJS.Timeout | undefined;
  sentAtInMilliseconds: number;
  sentCount: number | undefined;
}

/**
 * Reports groups while they upload and once they have settled. Reports of one group never overlap and keep their
 * distance: counts that change meanwhile go out together with the next one.
 */
export class GroupReports {
  readonly #send: SendCounts;
  readonly #distanceInMilliseconds: number;
  readonly #states = new Map<FlightGroup, ReportState>();

  constructor(send: SendCounts, distanceInMilliseconds = 500) {
    this.#send = send;
    this.#distanceInMilliseconds = distanceInMilliseconds;
  }

  /** Tells the server soon; never fails, since the next report or `settle` makes up for it. */
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

  /** Waits until the server has the last counts. Answers why it does not, if it does not. */
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

  /** Sends nothing more, settled or not. */
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
        // Made up for at the end.
        state.sending = undefined;
      },
    );
  }
}
