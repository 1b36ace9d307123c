import type { FunctionDefinition, InvokePermission } from '../../lambda/definitions.ts';
import type { EventSourceMappingDefinition } from '../../lambda/event-source-mapping.ts';
import type { InterpretedTemplate } from '../interpreter.ts';
import { TemplateError } from '../intrinsics.ts';
import {
  arnOf,
  generatedName,
  type Properties,
  type Resource,
  type ResourceTypes,
  stableUuid,
} from '../resource.ts';
import { isDeploymentFunction } from './bucket-deployment.ts';

const FUNCTION = 'AWS::Lambda::Function';
const PERMISSION = 'AWS::Lambda::Permission';
const EVENT_INVOKE_CONFIG = 'AWS::Lambda::EventInvokeConfig';
const EVENT_SOURCE_MAPPING = 'AWS::Lambda::EventSourceMapping';

/** Lambda's limits for a function. */
const TIMEOUT_IN_SECONDS = { least: 1, most: 900 };
const MEMORY_IN_MEGABYTES = { least: 128, most: 10_240 };
/** At least one: the local Lambda does not support functions that are switched off. */
const RESERVED_CONCURRENCY = { least: 1, most: 100_000 };

/** Functions, their resource policies, settings of asynchronous invocations, and event source mappings. */
export const LAMBDA_TYPES: ResourceTypes = {
  [FUNCTION]: {
    physicalId: (fn) => String(fn.property('FunctionName') ?? fn.logicalId),
    attributes: { Arn: (fn) => arnOf(fn, 'lambda', `function:${fn.physicalId}`) },
    properties: [
      'Architectures',
      'Code',
      'Description',
      'Environment',
      'FunctionName',
      'Handler',
      'Layers',
      'LoggingConfig',
      'MemorySize',
      'ReservedConcurrentExecutions',
      'Role',
      'Runtime',
      'Tags',
      'Timeout',
    ],
  },
  [PERMISSION]: {
    physicalId: generatedName,
    properties: ['Action', 'FunctionName', 'Principal', 'SourceAccount', 'SourceArn'],
  },
  [EVENT_INVOKE_CONFIG]: {
    physicalId: generatedName,
    properties: [
      'DestinationConfig',
      'FunctionName',
      'MaximumEventAgeInSeconds',
      'MaximumRetryAttempts',
      'Qualifier',
    ],
  },
  [EVENT_SOURCE_MAPPING]: {
    physicalId: stableUuid,
    attributes: {
      EventSourceMappingArn: (mapping) =>
        arnOf(mapping, 'lambda', `event-source-mapping:${mapping.physicalId}`),
      Id: (mapping) => mapping.physicalId,
    },
    properties: [
      'BatchSize',
      'Enabled',
      'EventSourceArn',
      'FunctionName',
      'FunctionResponseTypes',
      'MaximumBatchingWindowInSeconds',
      'ScalingConfig',
      'Tags',
    ],
  },
};

/**
 * The functions of the template, without those that deploy files. `assetPath` finds the folder of a code
 * asset by its key in the asset bucket.
 */
export function readFunctions(
  template: InterpretedTemplate,
  assetPath: (assetKey: string) => string,
): FunctionDefinition[] {
  const functions = template
    .ofType(FUNCTION)
    .filter((fn) => !isDeploymentFunction(template, fn.attribute('Arn')));
  return functions.map((fn) => {
    const { properties } = fn;
    if (properties.has('Layers'))
      throw new TemplateError(`${fn.logicalId}: the local stack supports no layers`);
    const runtime = properties.text('Runtime');
    if (!runtime.startsWith('nodejs'))
      throw new TemplateError(`${fn.logicalId}: the local stack cannot run ${runtime}`);
    const logging = properties.object('LoggingConfig');
    const asynchronous = eventInvokeConfig(template, fn);
    return {
      name: fn.physicalId,
      arn: fn.attribute('Arn'),
      label: labelOf(fn),
      codeDirectory: assetPath(properties.object('Code').text('S3Key')),
      handler: properties.text('Handler'),
      runtime,
      roleArn: properties.text('Role'),
      timeoutInSeconds: wholeNumber(fn, 'Timeout', TIMEOUT_IN_SECONDS) ?? 3,
      memoryInMegabytes: wholeNumber(fn, 'MemorySize', MEMORY_IN_MEGABYTES) ?? 128,
      reservedConcurrency: wholeNumber(fn, 'ReservedConcurrentExecutions', RESERVED_CONCURRENCY),
      environment: textsByName(properties.object('Environment').object('Variables').toJSON()),
      logFormat: logging.optionalText('LogFormat') === 'JSON' ? 'JSON' : 'Text',
      applicationLogLevel: logging.optionalText('ApplicationLogLevel'),
      logGroup: logging.optionalText('LogGroup') ?? `/aws/lambda/${fn.physicalId}`,
      retryAttempts: asynchronous?.properties.optionalNumber('MaximumRetryAttempts') ?? 2,
      onFailureArn: asynchronous?.properties
        .object('DestinationConfig')
        .object('OnFailure')
        .optionalText('Destination'),
    };
  });
}

/** The role of a function, by the function's ARN. */
export function roleOfFunction(template: InterpretedTemplate, arn: string): string {
  const fn = template.ofType(FUNCTION).find((candidate) => candidate.attribute('Arn') === arn);
  if (!fn) throw new TemplateError(`There is no function ${arn}`);
  return fn.properties.text('Role');
}

/** Who may invoke which function, besides the function's own account. */
export function readInvokePermissions(template: InterpretedTemplate): InvokePermission[] {
  return template.ofType(PERMISSION).map(({ logicalId, properties }) => {
    const action = properties.text('Action');
    if (action !== 'lambda:InvokeFunction')
      throw new TemplateError(`${logicalId}: the local stack does not support ${action}`);
    return {
      functionArn: functionArn(template, logicalId, properties.text('FunctionName')),
      principal: properties.text('Principal'),
      sourceArn: properties.optionalText('SourceArn'),
      sourceAccount: properties.optionalText('SourceAccount'),
    };
  });
}

/** The event source mappings of the template. Disabled ones are included, since Lambda checks them too. */
export function readEventSourceMappings(template: InterpretedTemplate): EventSourceMappingDefinition[] {
  const mappings = template.ofType(EVENT_SOURCE_MAPPING).map((mapping) => {
    const { logicalId, properties } = mapping;
    const sourceArn = properties.text('EventSourceArn');
    if (sourceArn.split(':')[2] !== 'sqs') {
      throw new TemplateError(`${logicalId}: the local AWS reads queues of SQS only, not ${sourceArn}`);
    }
    const responseTypes = properties.texts('FunctionResponseTypes');
    const unknown = responseTypes.find((type) => type !== 'ReportBatchItemFailures');
    if (unknown !== undefined) {
      throw new TemplateError(`${logicalId}: Lambda has no function response type ${unknown}`);
    }
    const scaling = properties.object('ScalingConfig');
    const strange = scaling.names.find((name) => name !== 'MaximumConcurrency');
    if (strange !== undefined) throw new TemplateError(`${logicalId}: a ScalingConfig has no ${strange}`);
    const batchSize = wholeNumber(mapping, 'BatchSize', { least: 1, most: 10_000 }) ?? 10;
    const batchingWindowInSeconds =
      wholeNumber(mapping, 'MaximumBatchingWindowInSeconds', { least: 0, most: 300 }) ?? 0;
    if (batchSize > 10 && batchingWindowInSeconds < 1) {
      throw new TemplateError(
        `${logicalId}: a BatchSize above 10 needs a MaximumBatchingWindowInSeconds of at least 1`,
      );
    }
    return {
      name: logicalId,
      queueArn: sourceArn,
      functionArn: functionArn(template, logicalId, properties.text('FunctionName')),
      enabled: properties.optionalFlag('Enabled') ?? true,
      batchSize,
      batchingWindowInSeconds,
      reportsBatchItemFailures: responseTypes.length > 0,
      maximumConcurrency: wholeNumber(mapping, 'MaximumConcurrency', { least: 2, most: 1000 }, scaling),
    };
  });
  for (const [index, { name, queueArn, functionArn: arn }] of mappings.entries()) {
    const twin = mappings
      .slice(0, index)
      .find((earlier) => earlier.queueArn === queueArn && earlier.functionArn === arn);
    if (twin) throw new TemplateError(`${name}: ${twin.name} maps the same queue to the same function`);
  }
  return mappings;
}

/** The name of the function's file, from the beginning of its description. */
function labelOf(fn: Resource): string {
  return /^([a-z][\w-]*):/.exec(fn.properties.optionalText('Description') ?? '')?.[1] ?? fn.logicalId;
}

function eventInvokeConfig(template: InterpretedTemplate, fn: Resource): Resource | undefined {
  return template
    .ofType(EVENT_INVOKE_CONFIG)
    .find(({ properties }) => properties.text('FunctionName') === fn.physicalId);
}

/** The ARN of a function, by its name or ARN. */
function functionArn(template: InterpretedTemplate, logicalId: string, named: string): string {
  const fn = template
    .ofType(FUNCTION)
    .find((candidate) => [candidate.physicalId, candidate.attribute('Arn')].includes(named));
  if (!fn) throw new TemplateError(`${logicalId}: there is no function ${named}`);
  return fn.attribute('Arn');
}

function wholeNumber(
  { logicalId, properties }: Resource,
  name: string,
  { least, most }: { least: number; most: number },
  place: Properties = properties,
): number | undefined {
  const value = place.optionalNumber(name);
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return value;
  throw new TemplateError(`${logicalId}: ${name} is ${value}, and Lambda takes ${least} to ${most}`);
}

function textsByName(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}
