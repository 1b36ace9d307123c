/** The response of `sts`: where to upload to, and temporary credentials. */
export interface StorageAccess {
  readonly bucket: string;
  readonly endpoint: string;
  readonly region: string;
  readonly provider: string;
  /** Without a trailing slash. */
  readonly objectKeyPrefix: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken: string;
  readonly obtainedAtInMilliseconds: number;
  readonly expiresAtInMilliseconds: number;
}

const asString = (value: unknown): string => (typeof value === 'string' ? value : '');

/**
 * Reads the response of `sts`, or the same object in the reply to a dock's `storage_config_get`. `method` is
 * one of the two.
 */
export function storageAccessFrom(method: string, data: Readonly<Record<string, unknown>>): StorageAccess {
  const credentials = (data['credentials'] ?? {}) as Record<string, unknown>;
  const access = {
    bucket: asString(data['bucket']),
    endpoint: asString(data['endpoint']),
    region: asString(data['region']),
    provider: asString(data['provider']),
    objectKeyPrefix: asString(data['object_key_prefix']).replace(/\/+$/, ''),
    accessKeyId: asString(credentials['access_key_id']),
    accessKeySecret: asString(credentials['access_key_secret']),
    securityToken: asString(credentials['security_token']),
    obtainedAtInMilliseconds: Date.now(),
    expiresAtInMilliseconds: Date.now() + Number(credentials['expire']) * 1000,
  };
  for (const [field, value] of Object.entries(access)) {
    if (value === '' || Number.isNaN(value)) throw new Error(`the ${method} response has no usable ${field}`);
  }
  return access;
}
