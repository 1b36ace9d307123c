/**
 * The HTTP side of DJI Pilot 2: its requests, in its order and format. It does not deal with folders or
 * object storage.
 */

import { type RetryPolicy, retrying } from '../common/retry.ts';
import { type StorageAccess, storageAccessFrom } from '../common/storage-access.ts';
import { ApiError, type Envelope, postJson } from './api-http.ts';

/** Most tiny fingerprints in a request: those of a whole card, in 300 KB. */
export const TINY_FINGERPRINTS_PER_REQUEST = 5_000;

/** The API, and the user who signs in. */
export interface PilotClientOptions {
  /** Address of the API, without a path. */
  readonly api: string;
  readonly username: string;
  readonly password: string;
  /** @default the workspace of the sign-in response */
  readonly workspaceId?: string;
  readonly retry?: RetryPolicy;
  readonly signal?: AbortSignal;
  /** @default 30_000 */
  readonly requestTimeoutInMilliseconds?: number;
}

/** What identifies a file to the server. It is also the body of `fast-upload`. */
export interface FileReport {
  readonly fingerprint: string;
  readonly name: string;
  readonly path: string;
  readonly ext: Readonly<Record<string, unknown>>;
}

/** The body of `upload-callback`. */
export interface UploadReport extends FileReport {
  /** 0: the object is in the bucket. */
  readonly result: number;
  readonly object_key: string;
  readonly sub_file_type?: number;
  readonly metadata: Readonly<Record<string, unknown>>;
}

interface Session {
  readonly token: string;
  readonly refreshToken: string | undefined;
  readonly workspaceId: string;
  /** When to renew the token: after four fifths of its life. */
  readonly renewAtInMilliseconds: number;
}

/** When to renew a token, by its own claims. A token without them is renewed when it is refused. */
export function renewalTimeInMilliseconds(token: string, nowInMilliseconds: number): number {
  try {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
      exp?: unknown;
    };
    const expiresAtInMilliseconds = Number(claims.exp) * 1000;
    return Number.isFinite(expiresAtInMilliseconds)
      ? nowInMilliseconds + (expiresAtInMilliseconds - nowInMilliseconds) * 0.8
      : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

const asString = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A client of one API, for one user in one workspace. */
export class PilotClient {
  readonly #options: PilotClientOptions;
  readonly #api: string;
  #session: Session | undefined;
  #signingIn: Promise<Session> | undefined;

  constructor(options: PilotClientOptions) {
    this.#options = options;
    this.#api = options.api.replace(/\/+$/, '');
  }

  /** Known after `login`. */
  get workspaceId(): string {
    return this.#session?.workspaceId ?? this.#options.workspaceId ?? '';
  }

  /** Signs in. Retries less than other calls: when there is no response, most likely the address is wrong. */
  async login(): Promise<void> {
    await this.#signIn(async () => {
      const { username, password } = this.#options;
      const body = { username, password, flag: 2 };
      const post = () => this.#post('/manage/api/v1/login', body, undefined);
      return this.#sessionFrom(
        await retrying(post, { ...this.#options.retry, attempts: 3 }, this.#options.signal),
      );
    });
  }

  /** Asks which of these files are stored. */
  async findTinyFingerprints(tinyFingerprints: readonly string[]): Promise<Set<string>> {
    const found = new Set<string>();
    for (let start = 0; start < tinyFingerprints.length; start += TINY_FINGERPRINTS_PER_REQUEST) {
      const batch = tinyFingerprints.slice(start, start + TINY_FINGERPRINTS_PER_REQUEST);
      const data = await this.#call('media', 'files/tiny-fingerprints', { tiny_fingerprints: batch });
      const stored = data['tiny_fingerprints'];
      for (const tiny of Array.isArray(stored) ? stored : []) found.add(String(tiny));
    }
    return found;
  }

  /** Asks by the full fingerprint. `linked`: the bytes are stored, and have this name as well now. */
  async fastUpload(file: FileReport): Promise<{ linked: boolean; objectKey?: string }> {
    const answer = await this.#callForAnswer('media', 'fast-upload', file);
    const objectKey = asString(answer.data['object_key']);
    return { linked: answer.code === 0, ...(objectKey && { objectKey }) };
  }

  /** Asks for credentials. */
  async storageAccess(): Promise<StorageAccess> {
    return storageAccessFrom('sts', await this.#call('storage', 'sts', {}));
  }

  /** Reports a file as uploaded, or as failed. */
  async uploadCallback(report: UploadReport): Promise<void> {
    await this.#call('media', 'upload-callback', report);
  }

  /** Reports how far a flight is. */
  async groupUploadCallback(fileGroupId: string, fileCount: number, uploadedCount: number): Promise<void> {
    const body = { file_group_id: fileGroupId, file_count: fileCount, file_uploaded_count: uploadedCount };
    await this.#call('media', 'group-upload-callback', body);
  }

  async #call(area: 'media' | 'storage', action: string, body: object): Promise<Envelope['data']> {
    const { code, message, data } = await this.#callForAnswer(area, action, body);
    if (code !== 0) throw new ApiError(200, `${action}: ${message} (code ${code})`);
    return data;
  }

  async #callForAnswer(area: 'media' | 'storage', action: string, body: object): Promise<Envelope> {
    const { retry, signal } = this.#options;
    const path = `/${area}/api/v1/workspaces/${this.workspaceId}/${action}`;
    return retrying(
      async () => {
        const session = await this.#currentSession();
        try {
          return await this.#post(path, body, session.token);
        } catch (error) {
          if (!(error instanceof ApiError) || error.status !== 401) throw error;
          const renewed = await this.#renew(session);
          return this.#post(path, body, renewed.token);
        }
      },
      retry,
      signal,
    );
  }

  async #currentSession(): Promise<Session> {
    if (!this.#session) await this.login();
    const session = this.#session as Session;
    return Date.now() < session.renewAtInMilliseconds ? session : this.#renew(session);
  }

  /** A new token in place of `spent`. Several files may ask for it at the same time. */
  async #renew(spent: Session): Promise<Session> {
    if (this.#session && this.#session !== spent) return this.#session;
    return this.#signIn(async () => {
      try {
        const body = spent.refreshToken ? { refresh_token: spent.refreshToken } : {};
        const answer = await this.#post('/manage/api/v1/token/refresh', body, spent.token);
        return this.#sessionFrom(answer, spent.refreshToken);
      } catch (error) {
        if (!(error instanceof ApiError) || error.transient) throw error;
        const { username, password } = this.#options;
        return this.#sessionFrom(
          await this.#post('/manage/api/v1/login', { username, password, flag: 2 }, undefined),
        );
      }
    });
  }

  async #signIn(obtain: () => Promise<Session>): Promise<Session> {
    this.#signingIn ??= obtain().finally(() => {
      this.#signingIn = undefined;
    });
    this.#session = await this.#signingIn;
    return this.#session;
  }

  #sessionFrom({ code, message, data }: Envelope, refreshToken?: string): Session {
    const token = asString(data['access_token']);
    if (code !== 0 || !token) throw new ApiError(401, message || 'the sign-in response has no token');
    const workspaceId = this.#options.workspaceId ?? asString(data['workspace_id']);
    if (!workspaceId) throw new ApiError(403, `${this.#options.username} has no workspace`);
    return {
      token,
      refreshToken: asString(data['refresh_token']) || refreshToken,
      workspaceId,
      renewAtInMilliseconds: renewalTimeInMilliseconds(token, Date.now()),
    };
  }

  #post(path: string, body: object, token: string | undefined): Promise<Envelope> {
    const { signal, requestTimeoutInMilliseconds = 30_000 } = this.#options;
    return postJson(`${this.#api}${path}`, body, {
      ...(token && { headers: { 'x-auth-token': token } }),
      requestTimeoutInMilliseconds,
      ...(signal && { signal }),
    });
  }
}
