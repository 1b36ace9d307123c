/** The dock's sample flight of `npm start`: generated here, uploaded by the same player as `npm run dock`. */
import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { transferProgress } from '../../devices/common/progress.ts';
import { playDock } from '../../devices/dock/play-dock.ts';
import { DOCK_FLIGHT_FOLDER, DOCK_SAMPLE_MARKER, DOCK_SAMPLE_PATHS } from './dock-shots.ts';
import { runPainter, type SampleFlightSummary } from './flight.ts';

/** The part of the local stack's endpoints that a dock needs. */
export interface SampleDockEndpoints {
  readonly mqtt: string;
  readonly docks: readonly {
    readonly sn: string;
    readonly username: string;
    readonly password: string;
    readonly workspace_id: string;
  }[];
}

export interface SampleDockFlightOptions {
  readonly endpoints: SampleDockEndpoints;
  /** Folder of the files, which a second start finds again. */
  readonly directory: string;
  /**
   * Where the dock remembers what the library has acknowledged. It must be kept, and deleted, with the
   * library's own data.
   * @default the folder that `directory` is in
   */
  readonly dataDirectory?: string;
  /** Progress bars on a terminal, plain lines elsewhere. */
  readonly output: NodeJS.WritableStream & { isTTY?: boolean };
  readonly signal?: AbortSignal;
}

async function isComplete(directory: string): Promise<boolean> {
  try {
    await Promise.all(
      [DOCK_SAMPLE_MARKER, ...DOCK_SAMPLE_PATHS].map((path) => access(join(directory, path))),
    );
    return true;
  } catch {
    return false;
  }
}

/** Makes sure that a folder holds the sample dock flight's files. */
export async function ensureSampleDockFiles(
  directory: string,
  signal?: AbortSignal,
): Promise<'made' | 'found'> {
  if (await isComplete(directory)) return 'found';
  await runPainter(new URL('./dock-painter.ts', import.meta.url), directory, signal);
  return 'made';
}

/** Uploads the sample dock flight as the first dock. */
export async function uploadSampleDockFlight(options: SampleDockFlightOptions): Promise<SampleFlightSummary> {
  const { endpoints, directory, dataDirectory = dirname(directory), output, signal } = options;
  const [dock] = endpoints.docks;
  if (!dock) throw new Error('there is no dock to upload the sample flight as');
  await ensureSampleDockFiles(directory, signal);
  const summary = await playDock({
    from: join(directory, DOCK_FLIGHT_FOLDER),
    mqtt: endpoints.mqtt,
    sn: dock.sn,
    username: dock.username,
    password: dock.password,
    workspaceId: dock.workspace_id,
    dataDirectory,
    progress: transferProgress(output),
    ...(signal && { signal }),
  });
  const reasons = summary.files.flatMap(({ path, reason }) => (reason ? [`${path}: ${reason}`] : []));
  return {
    uploaded: summary.uploaded,
    alreadyThere: summary.alreadyThere,
    failed: summary.failed,
    bytes: summary.bytesUploaded,
    reasons,
  };
}
