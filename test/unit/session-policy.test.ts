import { describe, expect, it } from 'vitest';
import { uploadSessionPolicy } from '../../functions/adapters/session-policy.ts';
import { WORKSPACE } from '../fixtures/library.ts';

const BUCKET_ARN = 'arn:aws:s3:::media-bucket';

describe('session policy', () => {
  it('allows uploads below the scope and nothing else', () => {
    expect(JSON.parse(uploadSessionPolicy(BUCKET_ARN, `${WORKSPACE}/a1b2c3`))).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['s3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
          Resource: `${BUCKET_ARN}/${WORKSPACE}/a1b2c3/*`,
        },
        { Effect: 'Allow', Action: ['s3:GetBucketLocation'], Resource: BUCKET_ARN },
      ],
    });
  });

  it('is shorter than the 2,048 characters of STS', () => {
    const longest = uploadSessionPolicy(
      `arn:aws-us-gov:s3:::${'b'.repeat(63)}`,
      `${WORKSPACE}/${'a'.repeat(64)}`,
    );
    expect(longest.length).toBeLessThan(2048);
  });

  it.each([
    ['nothing', ''],
    ['a workspace alone', WORKSPACE],
    ['a trailing slash', `${WORKSPACE}/a1b2/`],
    ['a trailing slash after the workspace', `${WORKSPACE}/`],
    ['a leading slash', `/${WORKSPACE}/a1b2`],
    ['*', `${WORKSPACE}/*`],
    ['* within', `${WORKSPACE}/a*b`],
    ['?', `${WORKSPACE}/a1b?`],
    ['a wildcard workspace', '*/a1b2'],
    ['a policy variable', `\${aws:PrincipalTag/object_key_scope}/a1b2`],
    ['$', `${WORKSPACE}/a$`],
    ['a quotation mark', `${WORKSPACE}/a1b2","x":"`],
    ['..', `${WORKSPACE}/..`],
    ['a line break behind it', `${WORKSPACE}/a1b2\n`],
    ['a third segment', `${WORKSPACE}/a1b2/c3d4`],
  ])('refuses a scope with %s', (_what, prefix) => {
    expect(() => uploadSessionPolicy(BUCKET_ARN, prefix)).toThrow(RangeError);
  });
});
