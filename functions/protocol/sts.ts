import * as v from 'valibot';
import type { UploadCredentials } from '../core/upload-credentials.ts';

/** `sts` has no body, an empty one or `{}`; what else it may hold is not looked at. */
export const StsInput = v.unknown();

/** `data` of `sts` over HTTP and `output` of `storage_config_get` over MQTT. `expire` counts seconds from now. */
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
