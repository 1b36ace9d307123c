/** The sample flight of `npm start`: generated here, uploaded by the same uploader as `npm run pilot`. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { transferProgress } from '../../devices/common/progress.ts';
import { uploadFolder } from '../../devices/pilot/upload-folder.ts';
import { hasPhotos } from './photos.ts';

/** The part of the local stack's endpoints that a device needs. */
export interface SampleEndpoints {
  readonly api: string;
  readonly users: readonly {
    readonly username: string;
    readonly password: string;
    readonly workspace_id: string;
  }[];
}

export interface SampleFlightOptions {
  readonly endpoints: SampleEndpoints;
  /** Folder of the photos, which a second start finds again. */
  readonly directory: string;
  /** Progress bars on a terminal, plain lines elsewhere. */
  readonly output: NodeJS.WritableStream & { isTTY?: boolean };
  readonly signal?: AbortSignal;
}

/** The result of the sample flight. */
export interface SampleFlightSummary {
  readonly uploaded: number;
  /** Stored by an earlier start. */
  readonly alreadyThere: number;
  readonly failed: number;
  /** Bytes that were sent. */
  readonly bytes: number;
  /** Why files failed. */
  readonly reasons: readonly string[];
}

/** Makes sure that a folder holds the sample photos. They are computed once, in a child process. */
export async function ensureSamplePhotos(directory: string, signal?: AbortSignal): Promise<'made' | 'found'> {
  if (await hasPhotos(directory)) return 'found';
  await runPainter(new URL('./painter.ts', import.meta.url), directory, signal);
  return 'made';
}

/** Runs a script that computes pictures into a folder, in a process of its own. */
export async function runPainter(script: URL, directory: string, signal?: AbortSignal): Promise<void> {
  const child = spawn(process.execPath, [fileURLToPath(script), directory], {
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(signal && { signal }),
  });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-2000);
  });
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else
        reject(new Error(`the sample photos could not be made: ${complaint.trim() || `exit code ${code}`}`));
    });
  });
}

/** Uploads the sample flight as the first demo user, the way DJI Pilot 2 does. */
export async function uploadSampleFlight(options: SampleFlightOptions): Promise<SampleFlightSummary> {
  const { endpoints, directory, output, signal } = options;
  const [user] = endpoints.users;
  if (!user) throw new Error('there is no demo user to upload the sample flight as');
  await ensureSamplePhotos(directory, signal);
  const summary = await uploadFolder({
    from: directory,
    api: endpoints.api,
    username: user.username,
    password: user.password,
    workspaceId: user.workspace_id,
    progress: transferProgress(output),
    ...(signal && { signal }),
  });
  const reasons = summary.files.flatMap(({ path, reason }) => (reason ? [`${path}: ${reason}`] : []));
  return {
    uploaded: summary.uploaded,
    alreadyThere: summary.alreadyThere + summary.linked,
    failed: summary.failed,
    bytes: summary.bytesUploaded,
    reasons,
  };
}
