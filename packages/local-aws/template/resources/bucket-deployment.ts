import { statSync } from 'node:fs';
import type { BucketDeploymentDefinition } from '../../bucket-deployment/definitions.ts';
import type { InterpretedTemplate } from '../interpreter.ts';
import type { Properties, ResourceTypes } from '../resource.ts';
import { arnOf, stableUuid } from '../resource.ts';

const BUCKET_DEPLOYMENT = 'Custom::CDKBucketDeployment';
const LAYER_VERSION = 'AWS::Lambda::LayerVersion';

/** Headers that a deployment can give its objects. */
const HEADERS = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
];

/** CDK's deployments of files, and the layer of their function, which has no effect here. */
export const BUCKET_DEPLOYMENT_TYPES: ResourceTypes = {
  [BUCKET_DEPLOYMENT]: {
    physicalId: (deployment) => `aws.cdk.s3deployment.${stableUuid(deployment)}`,
    attributes: { DestinationBucketArn: ({ properties }) => properties.text('DestinationBucketArn') },
    properties: [
      'DestinationBucketArn',
      'DestinationBucketKeyPrefix',
      'DestinationBucketName',
      'DistributionId',
      'DistributionPaths',
      'Exclude',
      'Include',
      'OutputObjectKeys',
      'Prune',
      'RetainOnDelete',
      'ServiceToken',
      'SourceBucketNames',
      'SourceMarkers',
      'SourceMarkersConfig',
      'SourceObjectKeys',
      'SystemMetadata',
      'UserMetadata',
      'WaitForDistributionInvalidation',
    ],
  },
  [LAYER_VERSION]: {
    physicalId: (layer) => arnOf(layer, 'lambda', `layer:${layer.logicalId}:1`),
    properties: ['Content', 'Description'],
  },
};

/** Whether a function does nothing but deploy files. The local AWS does that itself. */
export function isDeploymentFunction(template: InterpretedTemplate, functionArn: string): boolean {
  return template
    .ofType(BUCKET_DEPLOYMENT)
    .some(({ properties }) => properties.text('ServiceToken') === functionArn);
}

/**
 * The deployments of files. `assetPath` finds an asset by its key, `roleOf` the role of a function by its
 * ARN, and `localised` replaces addresses of AWS in a text.
 */
export function readBucketDeployments(
  template: InterpretedTemplate,
  {
    assetPath,
    roleOf,
    localised,
  }: {
    readonly assetPath: (assetKey: string) => string;
    readonly roleOf: (functionArn: string) => string;
    readonly localised: (text: string) => string;
  },
): BucketDeploymentDefinition[] {
  return template.ofType(BUCKET_DEPLOYMENT).map(({ logicalId, properties }) => {
    const markers = properties.objects('SourceMarkers');
    const configurations = properties.objects('SourceMarkersConfig');
    const sources = properties.texts('SourceObjectKeys').map((assetKey, index) => {
      const directory = assetPath(assetKey);
      if (!statSync(directory).isDirectory())
        throw properties.error(`the local AWS deploys folders, and ${assetKey} is a file`);
      return {
        assetKey,
        directory,
        markers: markerValues(markers[index], configurations[index], localised),
      };
    });
    const prefix = (properties.optionalText('DestinationBucketKeyPrefix') ?? '').replace(/^\/$/, '');
    return {
      label: logicalId,
      bucketName: properties.text('DestinationBucketName'),
      prefix: prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`,
      sources,
      prune: properties.optionalFlag('Prune') ?? true,
      exclude: properties.texts('Exclude'),
      include: properties.texts('Include'),
      headers: headersOf(properties),
      roleArn: roleOf(properties.text('ServiceToken')),
    };
  });
}

function markerValues(
  markers: Properties | undefined,
  configuration: Properties | undefined,
  localised: (text: string) => string,
): Record<string, string> {
  const isInJson = configuration?.only('jsonEscape').optionalFlag('jsonEscape') ?? false;
  const names = markers?.names ?? [];
  return Object.fromEntries(
    names.map((name) => {
      const value = localised(markers?.text(name) ?? '');
      return [name, isInJson ? JSON.stringify(value).slice(1, -1) : value];
    }),
  );
}

function headersOf(properties: Properties): Record<string, string> {
  const headers: Record<string, string> = {};
  const system = properties.object('SystemMetadata');
  for (const name of system.names) {
    const header = name.toLowerCase();
    if (!HEADERS.includes(header))
      throw properties.error(`the local AWS does not support the system metadata ${name}`);
    headers[header] = system.text(name);
  }
  const user = properties.object('UserMetadata');
  for (const name of user.names) headers[`x-amz-meta-${name.toLowerCase()}`] = user.text(name);
  return headers;
}
