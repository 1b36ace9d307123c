/** The AWS CLI, to compare with. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { StackProcess } from './stack-process.ts';

const run = promisify(execFile);

/** The output of `aws --version`; undefined when there is no AWS CLI. */
export async function versionOfAwsCli(): Promise<string | undefined> {
  try {
    const { stdout } = await run('aws', ['--version']);
    return stdout.trim();
  } catch {
    return undefined;
  }
}

/** Copies a folder below a prefix of the stack's bucket, with the CLI's default settings. */
export async function copyWithAwsCli(
  { endpoints }: Pick<StackProcess, 'endpoints'>,
  folder: string,
  prefix: string,
  s3 = endpoints.s3,
): Promise<void> {
  const { region, root, bucket } = endpoints;
  const target = `s3://${bucket}/${prefix}/`;
  await run('aws', ['s3', 'cp', '--recursive', '--only-show-errors', '--endpoint-url', s3, folder, target], {
    env: {
      ...process.env,
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_ACCESS_KEY_ID: root.access_key_id,
      AWS_SECRET_ACCESS_KEY: root.secret_access_key,
    },
  });
}
