import { HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';

/** One call to S3, to be bundled as functions are. */
export const probe = () => new S3Client({}).send(new HeadObjectCommand({ Bucket: 'bucket', Key: 'key' }));
