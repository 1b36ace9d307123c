/** What a device may do with its credentials, and nothing that lists, reads or deletes. */
export const UPLOAD_ACTIONS = ['s3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'];

/**
 * Session tag that names the scope of a credential: the one prefix of object keys below which it may write. Credentials are
 * issued with it, and the upload role's own policy, which `lib/` makes, reaches no further. So this file imports nothing.
 */
export const OBJECT_KEY_SCOPE_TAG = 'object_key_scope';

/** The only characters of a scope: none of them means anything to IAM. */
const SAFE_SCOPE = /^[0-9a-f-]+\/[0-9a-f]+$/;

/**
 * The inline session policy for exactly `<bucket>/<scope>/*`.
 *
 * @throws RangeError for a scope that could widen it: `*`, `?` and `$` are patterns to IAM.
 */
export function uploadSessionPolicy(bucketArn: string, scope: string): string {
  if (!SAFE_SCOPE.test(scope)) throw new RangeError('The scope is not safe in a policy');
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: UPLOAD_ACTIONS, Resource: `${bucketArn}/${scope}/*` }],
  });
}
