/** What a device may do with its credentials, and nothing that lists, reads or deletes. */
const UPLOAD_ACTIONS = ['s3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'];

/** The only characters of a prefix: none of them means anything to IAM. */
const SAFE_PREFIX = /^[0-9a-f-]+\/[0-9a-f]+$/;

/**
 * The inline session policy for exactly `<bucket>/<prefix>/*`.
 *
 * @throws RangeError for a prefix that could widen it: `*`, `?` and `$` are patterns to IAM.
 */
export function uploadSessionPolicy(bucketArn: string, objectKeyPrefix: string): string {
  if (!SAFE_PREFIX.test(objectKeyPrefix))
    throw new RangeError('The object key prefix is not safe in a policy');
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: UPLOAD_ACTIONS, Resource: `${bucketArn}/${objectKeyPrefix}/*` }],
  });
}
