import type { FunctionDefinition, InvokePermission } from '../../lambda/definitions.ts';
import type { InterpretedTemplate } from '../interpreter.ts';
import { TemplateError } from '../intrinsics.ts';
import { arnOf, generatedName, type Resource, type ResourceTypes } from '../resource.ts';

const FUNCTION = 'AWS::Lambda::Function';
const PERMISSION = 'AWS::Lambda::Permission';
const EVENT_INVOKE_CONFIG = 'AWS::Lambda::EventInvokeConfig';

/** Functions, who may invoke them, and what becomes of asynchronous invocations that fail. */
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
      'LoggingConfig',
      'MemorySize',
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
};

/** The functions of the template. `codeDirectory` finds the folder of a code asset by its key in the asset bucket. */
export function readFunctions(
  template: InterpretedTemplate,
  codeDirectory: (assetKey: string) => string,
): FunctionDefinition[] {
  return template.ofType(FUNCTION).map((fn) => {
    const { properties } = fn;
    const runtime = properties.text('Runtime');
    if (!runtime.startsWith('nodejs'))
      throw new TemplateError(`${fn.logicalId}: the local stack cannot run ${runtime}`);
    const logging = properties.object('LoggingConfig');
    const asynchronous = eventInvokeConfig(template, fn);
    return {
      name: fn.physicalId,
      arn: fn.attribute('Arn'),
      label: labelOf(fn),
      codeDirectory: codeDirectory(properties.object('Code').text('S3Key')),
      handler: properties.text('Handler'),
      runtime,
      roleArn: properties.text('Role'),
      timeoutSeconds: properties.optionalNumber('Timeout') ?? 3,
      memoryMegabytes: properties.optionalNumber('MemorySize') ?? 128,
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

/** Who besides the function's own account may invoke which function. */
export function readInvokePermissions(template: InterpretedTemplate): InvokePermission[] {
  return template.ofType(PERMISSION).map(({ logicalId, properties }) => {
    const action = properties.text('Action');
    if (action !== 'lambda:InvokeFunction')
      throw new TemplateError(`${logicalId}: the local stack does not know ${action}`);
    const named = properties.text('FunctionName');
    const fn = template
      .ofType(FUNCTION)
      .find((candidate) => [candidate.physicalId, candidate.attribute('Arn')].includes(named));
    if (!fn) throw new TemplateError(`${logicalId}: there is no function ${named}`);
    return {
      functionArn: fn.attribute('Arn'),
      principal: properties.text('Principal'),
      sourceArn: properties.optionalText('SourceArn'),
      sourceAccount: properties.optionalText('SourceAccount'),
    };
  });
}

/** The name of the function's file, which its description starts with. */
function labelOf(fn: Resource): string {
  return /^([a-z][\w-]*):/.exec(fn.properties.optionalText('Description') ?? '')?.[1] ?? fn.logicalId;
}

function eventInvokeConfig(template: InterpretedTemplate, fn: Resource): Resource | undefined {
  return template
    .ofType(EVENT_INVOKE_CONFIG)
    .find(({ properties }) => properties.text('FunctionName') === fn.physicalId);
}

function textsByName(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}
