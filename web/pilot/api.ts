/**
 * What the Pilot page asks the API, with the shapes of the answers. Unknown fields are ignored. Three of the
 * answers are this page's proposal: the MQTT credentials in `login`, which are empty today, and the routes
 * `diagnosis` and `files`, which the library does not have yet (404).
 */
import * as v from 'valibot';

/**
 * `data` of `POST /manage/api/v1/login` and `POST /manage/api/v1/token/refresh`.
 *
 * `mqtt_addr` is the broker's address with its scheme, as Pilot takes it (`ssl://mqtt.example.com:8883`);
 * empty when there is none. `mqtt_username` and `mqtt_password` are credentials of this user for controllers:
 * the first CONNECT with a serial number as client id registers that controller. Both may be empty.
 */
const Session = v.object({
  username: v.string(),
  workspace_id: v.string(),
  access_token: v.pipe(v.string(), v.nonEmpty()),
  refresh_token: v.optional(v.string(), ''),
  mqtt_addr: v.optional(v.string(), ''),
  mqtt_username: v.optional(v.string(), ''),
  mqtt_password: v.optional(v.string(), ''),
});

export type SessionAnswer = v.InferOutput<typeof Session>;

/** `data` of `GET /manage/api/v1/users/current`; with `workspace_id`, of that workspace. */
const User = v.object({
  username: v.string(),
  workspace_id: v.string(),
  workspaces: v.array(v.object({ workspace_id: v.string(), workspace_name: v.string() })),
  mqtt_addr: v.optional(v.string(), ''),
  mqtt_username: v.optional(v.string(), ''),
  mqtt_password: v.optional(v.string(), ''),
});

export type UserAnswer = v.InferOutput<typeof User>;

/** `data` of `GET /manage/api/v1/workspaces/current`; with `workspace_id`, of that workspace. */
const Workspace = v.object({
  workspace_id: v.string(),
  workspace_name: v.string(),
  workspace_desc: v.optional(v.string(), ''),
});

export type WorkspaceAnswer = v.InferOutput<typeof Workspace>;

/**
 * `GET /library/api/v1/workspaces/{workspace_id}/diagnosis?device_sn=SN&language=en|zh`
 *
 * The body itself, without an envelope. What this controller did last, and what is wrong with it: nothing
 * when `findings` is empty. Texts are in the language asked for, since the rules and their cures are the
 * server's.
 */
const Diagnosis = v.object({
  steps: v.optional(
    v.array(
      v.object({
        /** `sign-in`, `thing`, `tiny-fingerprints`, `fast-upload`, `sts`, `put`, `upload-callback`. */
        step: v.string(),
        /** The name of the step in the language asked for. */
        title: v.string(),
        /** Anything else is shown like `never`. */
        state: v.string(),
        /** ISO 8601: when the controller last did it. */
        at: v.nullish(v.string()),
      }),
    ),
    [],
  ),
  findings: v.array(
    v.object({
      /** The rule, stable: what the office looks up. */
      code: v.string(),
      /** `failure`: files do not arrive. `attention`: they do, or not for this reason. */
      severity: v.string(),
      /** What happened: one short sentence. */
      title: v.string(),
      /** What it means for the photos. */
      meaning: v.optional(v.string(), ''),
      /** What to do. */
      cure: v.optional(v.string(), ''),
    }),
  ),
});

export type DiagnosisAnswer = v.InferOutput<typeof Diagnosis>;

/** Something that is wrong, as the server sees it. */
export type Finding = DiagnosisAnswer['findings'][number];

/**
 * `GET /library/api/v1/workspaces/{workspace_id}/files?reporter=pilot:USERNAME&device_sn=SN&limit=6`
 *
 * The body itself, without an envelope, newest first. `device_sn` narrows the list to this controller where
 * the server knows which controller a file came from; otherwise it is the user's.
 */
const Uploads = v.object({
  files: v.array(
    v.object({
      file_id: v.string(),
      name: v.string(),
      /** ISO 8601: when the server first knew of it. */
      recorded_at: v.string(),
      /**
       * What it waits for: `bytes` (it is uploading), `report` (the controller has not reported it), `check`
       * (its bytes are being read), `upload` (refused, the controller has to send it again). Null: it has
       * arrived.
       */
      waits_for: v.nullish(v.string()),
      /** A presigned address: pictures are loaded without a header, and a token must not be in an address. */
      thumbnail_url: v.nullish(v.string()),
    }),
  ),
});

export type UploadsAnswer = v.InferOutput<typeof Uploads>;

/** A file of the list of last uploads. */
export type Upload = UploadsAnswer['files'][number];

/**
 * Why there is no answer. `unreachable`: no network, or no server. `unauthorized`: the token has ended.
 * `absent`: no such route or thing. `refused`: the server said no. `busy`: it will say more later. `broken`:
 * it failed, or something else answered in its place.
 */
export type ApiProblem = 'unreachable' | 'unauthorized' | 'absent' | 'refused' | 'busy' | 'broken';

export class ApiError extends Error {
  readonly problem: ApiProblem;
  /** The `code` of the envelope, or the HTTP status. */
  readonly code: number;
  /** What the office looks a request up by. */
  readonly requestId: string;

  constructor(problem: ApiProblem, message: string, code: number, requestId = '') {
    super(message);
    this.problem = problem;
    this.code = code;
    this.requestId = requestId;
  }
}

/** The controller, as requests name it for the server's log. */
export interface Device {
  readonly serialNumber: string;
  readonly appVersion: string;
}

const TIMEOUT_IN_MILLISECONDS = 15_000;
const TOLD_SKEW_IN_SECONDS = 30;

const PROBLEMS: { readonly [status: number]: ApiProblem } = {
  401: 'unauthorized',
  404: 'absent',
  429: 'busy',
  503: 'busy',
};

const problemOf = (status: number): ApiProblem => PROBLEMS[status] ?? (status < 500 ? 'refused' : 'broken');

/** Older engines cannot abort a request, so it is left alone after a while. */
const withTimeout = <Answer>(answer: Promise<Answer>): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('timeout')), TIMEOUT_IN_MILLISECONDS);
    answer.then(resolve, reject).then(() => clearTimeout(timer));
  });

const Envelope = v.object({ code: v.number(), message: v.optional(v.string(), ''), data: v.unknown() });

const query = (parameters: { readonly [name: string]: string | undefined }): string => {
  const given = Object.keys(parameters).filter((name) => parameters[name]);
  const pairs = given.map((name) => `${name}=${encodeURIComponent(parameters[name] ?? '')}`);
  return pairs.length > 0 ? `?${pairs.join('&')}` : '';
};

export class Api {
  /** How far the controller's clock is ahead of the server's, at the last answer that told the time. */
  clockSkewInSeconds: number | undefined;
  token = '';
  /** Scheme and host, without a slash at the end. */
  readonly address: string;
  private readonly device: Device;

  constructor(address: string, device: Device) {
    this.address = address;
    this.device = device;
  }

  login(username: string, password: string): Promise<SessionAnswer> {
    return this.enveloped(Session, 'POST', '/manage/api/v1/login', { username, password, flag: 2 });
  }

  /** With a refresh token, or with the token itself, which every request carries. */
  refresh(refreshToken: string): Promise<SessionAnswer> {
    const body = refreshToken ? { refresh_token: refreshToken } : undefined;
    return this.enveloped(Session, 'POST', '/manage/api/v1/token/refresh', body);
  }

  user(workspaceId?: string): Promise<UserAnswer> {
    return this.enveloped(User, 'GET', `/manage/api/v1/users/current${query({ workspace_id: workspaceId })}`);
  }

  workspace(workspaceId?: string): Promise<WorkspaceAnswer> {
    const path = `/manage/api/v1/workspaces/current${query({ workspace_id: workspaceId })}`;
    return this.enveloped(Workspace, 'GET', path);
  }

  diagnosis(workspaceId: string, language: string): Promise<DiagnosisAnswer> {
    const asked = query({ device_sn: this.device.serialNumber, language });
    return this.plain(Diagnosis, `/library/api/v1/workspaces/${workspaceId}/diagnosis${asked}`);
  }

  uploads(workspaceId: string, username: string, limit: number): Promise<UploadsAnswer> {
    const asked = query({
      reporter: `pilot:${username}`,
      device_sn: this.device.serialNumber,
      limit: String(limit),
    });
    return this.plain(Uploads, `/library/api/v1/workspaces/${workspaceId}/files${asked}`);
  }

  private async enveloped<Schema extends v.GenericSchema>(
    schema: Schema,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<v.InferOutput<Schema>> {
    const { json, status, requestId } = await this.request(method, path, body);
    const envelope = v.safeParse(Envelope, json);
    if (!envelope.success) throw new ApiError('broken', 'no envelope', status, requestId);
    const { code, message, data } = envelope.output;
    if (code !== 0) throw new ApiError('refused', message, code, requestId);
    return this.parsed(schema, data, status, requestId);
  }

  private async plain<Schema extends v.GenericSchema>(
    schema: Schema,
    path: string,
  ): Promise<v.InferOutput<Schema>> {
    const { json, status, requestId } = await this.request('GET', path);
    return this.parsed(schema, json, status, requestId);
  }

  private parsed<Schema extends v.GenericSchema>(
    schema: Schema,
    value: unknown,
    status: number,
    requestId: string,
  ): v.InferOutput<Schema> {
    const result = v.safeParse(schema, value);
    if (!result.success)
      throw new ApiError('broken', v.getDotPath(result.issues[0]) ?? 'shape', status, requestId);
    return result.output;
  }

  private async request(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ json: unknown; status: number; requestId: string }> {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (this.token) headers['x-auth-token'] = this.token;
    if (this.device.serialNumber) headers['x-device-id'] = this.device.serialNumber;
    if (this.device.appVersion) headers['x-firmware-version'] = this.device.appVersion;
    const request: RequestInit = { method, headers, cache: 'no-store', credentials: 'omit' };
    if (body !== undefined) {
      headers['content-type'] = 'application/json';
      request.body = JSON.stringify(body);
    }
    let response: Response;
    let text: string;
    try {
      response = await withTimeout(fetch(this.address + path, request));
      text = await withTimeout(response.text());
    } catch (error) {
      throw new ApiError('unreachable', String(error), 0);
    }
    const { status } = response;
    const requestId = response.headers.get('x-request-id') ?? '';
    this.compareClocks(response.headers.get('date'));
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      throw new ApiError(status === 200 ? 'broken' : problemOf(status), 'no JSON', status, requestId);
    }
    if (status === 200) return { json, status, requestId };
    const refusal = v.safeParse(Envelope, json);
    throw refusal.success
      ? new ApiError(problemOf(status), refusal.output.message, refusal.output.code, requestId)
      : new ApiError(problemOf(status), `HTTP ${status}`, status, requestId);
  }

  private compareClocks(date: string | null): void {
    const serverTime = date ? Date.parse(date) : Number.NaN;
    if (Number.isNaN(serverTime)) return;
    const skew = Math.round((Date.now() - serverTime) / 1000);
    // Less than that is the way of the answer.
    this.clockSkewInSeconds = Math.abs(skew) < TOLD_SKEW_IN_SECONDS ? 0 : skew;
  }
}
