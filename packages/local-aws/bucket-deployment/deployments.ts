import { hash } from 'node:crypto';
import type { Identities } from '../iam/identities.ts';
import { jsonFile } from '../json/json-file.ts';
import type { Addresses } from '../services.ts';
import type { BucketDeploymentDefinition } from './definitions.ts';
import { deployFiles } from './deploy.ts';
import { deploymentBucket } from './s3-client.ts';

const SESSION_IN_SECONDS = 900;

/** How to run the deployments of a template. */
export interface DeploymentsOptions {
  readonly deployments: readonly BucketDeploymentDefinition[];
  /** Remembers what was deployed. */
  readonly file: string;
  readonly addresses: Addresses;
  readonly region: string;
  readonly identities: Identities;
}

/**
 * Runs the deployments that have changed since the last start, as CloudFormation does, with the permissions
 * of their functions' roles. Rejects with the name of the one that failed.
 */
export async function runBucketDeployments(options: DeploymentsOptions): Promise<void> {
  const { deployments, addresses, region, identities } = options;
  if (deployments.length === 0) return;
  const deployed: Record<string, string> = {};
  const file = jsonFile(options.file, () => deployed);
  Object.assign(deployed, await file.read());
  for (const definition of deployments) {
    const { label, bucketName, roleArn } = definition;
    const { sources, ...rest } = definition;
    const content = sources.map(({ assetKey, markers }) => ({ assetKey, markers }));
    const digest = hash('sha256', JSON.stringify([content, rest]));
    if (deployed[label] === digest) continue;
    const identity = identities.mintForRole(roleArn, {
      sessionName: label,
      durationInSeconds: SESSION_IN_SECONDS,
    });
    const bucket = deploymentBucket({ address: addresses.s3 ?? '', bucketName, region, identity });
    try {
      await deployFiles(definition, bucket);
    } catch (cause) {
      throw new Error(`The bucket deployment ${label} failed: ${(cause as Error).message}`, { cause });
    }
    deployed[label] = digest;
    await file.write();
  }
}
