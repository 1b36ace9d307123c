/** What devices may do with objects. None of it lists, reads or deletes. */
export const UPLOAD_ACTIONS = ['s3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'];

/** What devices may do with the bucket: MinIO's clients ask for its region before they upload. */
export const BUCKET_ACTIONS = ['s3:GetBucketLocation'];

/**
 * The session tag with the scope of a credential: the only prefix of object keys below which it may write.
 * Credentials are issued with it, and the upload role's own policy, made in `lib/`, allows only that scope.
 * This file imports nothing, so `lib/` can use it.
 */
export const OBJECT_KEY_SCOPE_TAG = 'object_key_scope';

/** The allowed characters of a scope. They have no special meaning in IAM. */
const SAFE_SCOPE = /^[0-9a-f-]+\/[0-9a-f]+$/;

/**
 * The inline session policy for exactly `<bucket>/<scope>/*`, and the region of the bucket.
 *
 * @throws RangeError for a scope that could widen it: `*`, `?` and `$` are patterns in IAM.
 */
export function uploadSessionPolicy(bucketArn: string, scope: string): string {
  if (!SAFE_SCOPE.test(scope)) throw new RangeError('The scope is not safe in a policy');
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: UPLOAD_ACTIONS, Resource: `${bucketArn}/${scope}/*` },
      { Effect: 'Allow', Action: BUCKET_ACTIONS, Resource: bucketArn },
    ],
  });
}
