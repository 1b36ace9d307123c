import * as v from 'valibot';
import type { UploadCredentials } from '../core/upload-credentials.ts';
import type { DockContract, HttpContract } from './contract.ts';
import { IntegerOrZero } from './fields.ts';

/**
 * `data` of `sts` over HTTP, and `output` of `storage_config_get` over MQTT. `expire` is in seconds from now.
 */
export const StsOutput = v.object({
  bucket: v.string(),
  endpoint: v.pipe(v.string(), v.regex(/^https?:\/\//)),
  object_key_prefix: v.string(),
  provider: v.picklist(['aws', 'ali', 'minio']),
  region: v.string(),
  credentials: v.object({
    access_key_id: v.string(),
    access_key_secret: v.string(),
    security_token: v.string(),
    expire: v.pipe(v.number(), v.integer(), v.minValue(1)),
  }),
});

export const toStsOutput = ({
  location,
  objectKeyPrefix,
  keys,
  expiresInSeconds,
}: UploadCredentials): v.InferOutput<typeof StsOutput> => ({
  bucket: location.bucket,
  endpoint: location.endpoint,
  object_key_prefix: objectKeyPrefix,
  provider: location.provider,
  region: location.region,
  credentials: {
    access_key_id: keys.accessKeyId,
    access_key_secret: keys.secretAccessKey,
    security_token: keys.sessionToken,
    expire: expiresInSeconds,
  },
});

/** `sts`. The body is missing, empty or `{}`; any other is ignored. Old versions send a GET. */
export const STS = {
  name: 'sts',
  routes: [
    'POST /storage/api/v1/workspaces/{workspace_id}/sts',
    'GET /storage/api/v1/workspaces/{workspace_id}/sts',
  ],
  access: 'workspace',
  input: v.unknown(),
  output: StsOutput,
} as const satisfies HttpContract;

/** The `module` of media. 1 is PSDK resources, which are not supported. */
export const MEDIA_MODULE = 0;

/** `storage_config_get`. */
export const STORAGE_CONFIG_GET = {
  name: 'storage-config-get',
  method: 'storage_config_get',
  channel: 'requests',
  input: v.object({ module: IntegerOrZero }),
  output: StsOutput,
} as const satisfies DockContract;
