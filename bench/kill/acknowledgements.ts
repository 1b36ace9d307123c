/** What the library has acknowledged: the answers of its functions, as they passed by, whether or not a device heard them. */
import type { Exchange } from '../service-proxy.ts';

/** A file that Pilot was told is stored. */
export interface PilotAcknowledgement {
  readonly workspaceId: string;
  readonly name: string;
  readonly path: string;
  readonly md5: string;
  /** Absent for a file that Pilot need not upload. */
  readonly objectKey?: string;
}

const PILOT_PATH = /^\/media\/api\/v1\/workspaces\/([^/]+)\/(upload-callback|fast-upload)$/;
const DOCK_TOPIC = /^\/topics\/thing\/product\/[^/]+\/events_reply$/;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Reads answers. */
export class Acknowledgements {
  readonly pilot: PilotAcknowledgement[] = [];
  /** `tid` and `bid` of events of docks, as {@link eventIds} writes them. */
  readonly dock = new Set<string>();

  /** A request to the HTTP API and its answer. */
  readonly hearApi = ({ path, status, requestBody, responseBody }: Exchange): void => {
    const [, workspaceId, endpoint] = PILOT_PATH.exec(path) ?? [];
    if (workspaceId === undefined || status !== 200) return;
    const asked = JSON.parse(String(requestBody)) as Record<string, unknown>;
    const { code } = JSON.parse(String(responseBody)) as { code: number };
    if (code !== 0 || (endpoint === 'upload-callback' && asked['result'] !== 0)) return;
    this.pilot.push({
      workspaceId,
      name: textOf(asked['name']),
      path: textOf(asked['path']),
      md5: textOf(asked['fingerprint']),
      ...(endpoint === 'upload-callback' && { objectKey: textOf(asked['object_key']) }),
    });
  };

  /** What a function has AWS IoT tell a device. */
  readonly hearIotData = ({ path, requestBody }: Exchange): void => {
    const topic = decodeURIComponent(new URL(path, 'http://iot').pathname);
    if (!DOCK_TOPIC.test(topic)) return;
    const message = JSON.parse(String(requestBody)) as {
      method: string;
      tid: string;
      bid: string;
      data: { result: number };
    };
    if (message.method === 'file_upload_callback' && message.data.result === 0)
      this.dock.add(eventIds(message));
  };
}

/** Names an event of a dock. */
export const eventIds = ({ tid, bid }: { readonly tid: string; readonly bid: string }): string =>
  `${tid} ${bid}`;
