import { createHash, randomBytes } from 'node:crypto';
import type { Reporter } from './media-file.ts';
import type { WorkspaceId } from './workspace.ts';

/** Temporary keys for object storage. */
export interface TemporaryKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresAt: Date;
}

/** Where the keys can be used. */
export interface StorageLocation {
  readonly provider: 'aws' | 'ali' | 'minio';
  readonly bucket: string;
  /** With scheme. */
  readonly endpoint: string;
  readonly region: string;
}

/** Issues credentials. There is an adapter for each provider. */
export interface CredentialIssuer {
  readonly location: StorageLocation;
  /**
   * Keys that can write below `<scope>/`, and nothing else. `issuedTo` is named in the provider's audit log.
   */
  issue(request: { scope: string; issuedTo: string; durationInSeconds: number }): Promise<TemporaryKeys>;
}

/** The credentials of a device, over HTTP and MQTT. */
export interface UploadCredentials {
  readonly location: StorageLocation;
  /** No trailing slash. */
  readonly objectKeyPrefix: string;
  readonly keys: TemporaryKeys;
  /** At least 1. */
  readonly expiresInSeconds: number;
}

/** The maximum for a role that is assumed by a role. */
const DURATION_IN_SECONDS = 3600;
/** A credential is reused while it lasts this long: a video of 4 GB takes 55 minutes over 10 Mbit/s. */
const REUSED_WHILE_IN_SECONDS = 50 * 60;
/** Subtracted from the lifetime that devices are told, so that a slow PUT that starts late ends in time. */
const MARGIN_IN_SECONDS = 300;
/** Far more users than one function instance serves in an hour. */
const CACHE_LIMIT = 1000;

/**
 * Where all credentials of one user or gateway may write: `<workspace>/<digest of the reporter>`. It is
 * always the same, so a renewed credential can finish an upload that an earlier one began.
 */
export function credentialScope(workspaceId: WorkspaceId, { kind, name }: Reporter): string {
  const reporter = createHash('sha256')
    .update(JSON.stringify([kind, name]))
    .digest('hex');
  return `${workspaceId}/${reporter.slice(0, 24)}`;
}

/**
 * The rule behind `sts` and `storage_config_get`. Keys are reused for the same workspace and user while they
 * last for {@link REUSED_WHILE_IN_SECONDS}. Each response has its own object key prefix below their scope, so
 * two controllers of one user with a `DJI_0001.JPG` each do not use the same key.
 */
export function uploadCredentialsRule(
  issuer: CredentialIssuer,
  now: () => number = Date.now,
): (workspaceId: WorkspaceId, reporter: Reporter) => Promise<UploadCredentials> {
  const issued = new Map<string, TemporaryKeys>();
  const secondsLeft = (keys: TemporaryKeys) => Math.floor((keys.expiresAt.getTime() - now()) / 1000);

  const freshKeys = async (scope: string, reporter: Reporter): Promise<TemporaryKeys> => {
    const cached = issued.get(scope);
    if (cached && secondsLeft(cached) >= REUSED_WHILE_IN_SECONDS) return cached;
    const keys = await issuer.issue({
      scope,
      issuedTo: reporter.name,
      durationInSeconds: DURATION_IN_SECONDS,
    });
    issued.delete(scope);
    issued.set(scope, keys);
    for (const oldest of issued.keys()) {
      if (issued.size <= CACHE_LIMIT) break;
      issued.delete(oldest);
    }
    return keys;
  };

  return async (workspaceId, reporter) => {
    const scope = credentialScope(workspaceId, reporter);
    const keys = await freshKeys(scope, reporter);
    return {
      location: issuer.location,
      objectKeyPrefix: `${scope}/${randomBytes(6).toString('hex')}`,
      keys,
      expiresInSeconds: Math.max(1, secondsLeft(keys) - MARGIN_IN_SECONDS),
    };
  };
}
