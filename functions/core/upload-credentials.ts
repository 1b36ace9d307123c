import { randomBytes } from 'node:crypto';
import type { Reporter } from './media-file.ts';
import type { WorkspaceId } from './workspace.ts';

/** Temporary keys to object storage. */
export interface TemporaryKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresAt: Date;
}

/** Where the keys are good for, as devices need to be told. */
export interface StorageLocation {
  readonly provider: 'aws' | 'ali' | 'minio';
  readonly bucket: string;
  /** With scheme. */
  readonly endpoint: string;
  readonly region: string;
}

/** What the library needs from an issuer of credentials; one adapter a provider. */
export interface CredentialIssuer {
  readonly location: StorageLocation;
  /** Keys that can write below `<scope>/` and do nothing else. `issuedTo` is named in the provider's audit log. */
  issue(request: { scope: string; issuedTo: string; durationInSeconds: number }): Promise<TemporaryKeys>;
}

/** What a device gets, over HTTP and MQTT alike. */
export interface UploadCredentials {
  readonly location: StorageLocation;
  /** No trailing slash. */
  readonly objectKeyPrefix: string;
  readonly keys: TemporaryKeys;
  /** At least 1. */
  readonly expiresInSeconds: number;
}

/** The longest that a role assumed by a role may last. */
const DURATION_IN_SECONDS = 3600;
/** Told to devices as less, so that a slow PUT begun late still ends in time. */
const MARGIN_IN_SECONDS = 300;
/** Far more users than one function instance meets in an hour. */
const CACHE_LIMIT = 1000;

interface IssuedScope {
  readonly scope: string;
  readonly keys: TemporaryKeys;
}

/**
 * Makes the rule that answers `sts` and `storage_config_get`. Keys are reused for the same workspace and user while at
 * least half of their life is left; every answer has a prefix of its own below them, `<workspace>/<keys>/<answer>`, so two
 * controllers of one user that both hold a `DJI_0001.JPG` cannot overwrite each other.
 */
export function uploadCredentialsRule(
  issuer: CredentialIssuer,
  now: () => number = Date.now,
): (workspaceId: WorkspaceId, reporter: Reporter) => Promise<UploadCredentials> {
  const issued = new Map<string, IssuedScope>();
  const secondsLeft = (keys: TemporaryKeys) => Math.floor((keys.expiresAt.getTime() - now()) / 1000);

  const freshScope = async (workspaceId: WorkspaceId, reporter: Reporter): Promise<IssuedScope> => {
    const cacheKey = JSON.stringify([workspaceId, reporter.kind, reporter.name]);
    const cached = issued.get(cacheKey);
    if (cached && secondsLeft(cached.keys) >= DURATION_IN_SECONDS / 2) return cached;
    const scope = `${workspaceId}/${randomBytes(12).toString('hex')}`;
    const keys = await issuer.issue({
      scope,
      issuedTo: reporter.name,
      durationInSeconds: DURATION_IN_SECONDS,
    });
    issued.delete(cacheKey);
    issued.set(cacheKey, { scope, keys });
    for (const oldest of issued.keys()) {
      if (issued.size <= CACHE_LIMIT) break;
      issued.delete(oldest);
    }
    return { scope, keys };
  };

  return async (workspaceId, reporter) => {
    const { scope, keys } = await freshScope(workspaceId, reporter);
    return {
      location: issuer.location,
      objectKeyPrefix: `${scope}/${randomBytes(6).toString('hex')}`,
      keys,
      expiresInSeconds: Math.max(1, secondsLeft(keys) - MARGIN_IN_SECONDS),
    };
  };
}
