import type { PolicyDocument } from '../../iam/policy.ts';
import type { QueueDefinition, RedrivePolicy } from '../../sqs/queue.ts';
import type { InterpretedTemplate } from '../interpreter.ts';
import { TemplateError } from '../intrinsics.ts';
import { arnOf, generatedName, type Resource, type ResourceTypes } from '../resource.ts';

const QUEUE = 'AWS::SQS::Queue';
const QUEUE_POLICY = 'AWS::SQS::QueuePolicy';

/** SQS's defaults: four days, and 30 seconds. */
const RETENTION_IN_SECONDS = 345_600;
const VISIBILITY_TIMEOUT_IN_SECONDS = 30;

type Named = Pick<Resource, 'environment' | 'logicalId' | 'property'>;

const queueName = (queue: Named): string => String(queue.property('QueueName') ?? generatedName(queue));

const queueUrl = (queue: Named): string => {
  const { region, urlSuffix, accountId } = queue.environment;
  return `https://sqs.${region}.${urlSuffix}/${accountId}/${queueName(queue)}`;
};

/** Standard queues and their policies. */
export const SQS_TYPES: ResourceTypes = {
  [QUEUE]: {
    physicalId: queueUrl,
    attributes: {
      Arn: (queue) => arnOf(queue, 'sqs', queueName(queue)),
      QueueName: queueName,
      QueueUrl: queueUrl,
    },
    // Encryption at rest has no effect here.
    properties: [
      'DelaySeconds',
      'MaximumMessageSize',
      'MessageRetentionPeriod',
      'QueueName',
      'ReceiveMessageWaitTimeSeconds',
      'RedriveAllowPolicy',
      'RedrivePolicy',
      'SqsManagedSseEnabled',
      'Tags',
      'VisibilityTimeout',
    ],
  },
  [QUEUE_POLICY]: { physicalId: generatedName, properties: ['PolicyDocument', 'Queues'] },
};

/** The queues of the template. */
export function readQueues(template: InterpretedTemplate): QueueDefinition[] {
  const policies = template.ofType(QUEUE_POLICY);
  return template.ofType(QUEUE).map((queue) => {
    const [policy, ...others] = policies.filter(({ properties }) =>
      properties.texts('Queues').includes(queue.physicalId),
    );
    if (others.length > 0) throw new TemplateError(`${queue.logicalId} has more than one policy`);
    const setting = (name: keyof typeof RANGES) => wholeNumber(queue, name);
    return {
      name: queueName(queue),
      arn: queue.attribute('Arn'),
      retentionInSeconds: setting('MessageRetentionPeriod') ?? RETENTION_IN_SECONDS,
      visibilityTimeoutInSeconds: setting('VisibilityTimeout') ?? VISIBILITY_TIMEOUT_IN_SECONDS,
      delayInSeconds: setting('DelaySeconds'),
      receiveWaitInSeconds: setting('ReceiveMessageWaitTimeSeconds'),
      maximumMessageSizeInBytes: setting('MaximumMessageSize'),
      redrive: redriveOf(template, queue),
      policy: policy?.properties.value('PolicyDocument') as PolicyDocument | undefined,
    };
  });
}

/** The limits of SQS for each setting. */
const RANGES = {
  DelaySeconds: [0, 900],
  MaximumMessageSize: [1024, 1_048_576],
  MessageRetentionPeriod: [60, 1_209_600],
  ReceiveMessageWaitTimeSeconds: [0, 20],
  VisibilityTimeout: [0, 43_200],
} as const;

const MAX_RECEIVE_COUNT = 1000;

function wholeNumber({ logicalId, properties }: Resource, name: keyof typeof RANGES): number | undefined {
  const value = properties.optionalNumber(name);
  const [least, most] = RANGES[name];
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return value;
  throw new TemplateError(`${logicalId}: ${name} is ${value}, and SQS takes ${least} to ${most}`);
}

function redriveOf(template: InterpretedTemplate, queue: Resource): RedrivePolicy | undefined {
  const { logicalId, properties } = queue;
  if (!properties.has('RedrivePolicy')) return undefined;
  const policy = properties.object('RedrivePolicy');
  const unknown = policy.names.filter((name) => !['deadLetterTargetArn', 'maxReceiveCount'].includes(name));
  if (unknown.length > 0) {
    throw new TemplateError(`${logicalId}: a RedrivePolicy has no ${unknown.join(', ')}`);
  }
  const deadLetterQueueArn = policy.text('deadLetterTargetArn');
  const maxReceiveCount = policy.optionalNumber('maxReceiveCount') ?? 0;
  const target = template
    .ofType(QUEUE)
    .find((candidate) => candidate.attribute('Arn') === deadLetterQueueArn);
  if (!target)
    throw new TemplateError(`${logicalId}: there is no queue ${deadLetterQueueArn} for dead letters`);
  if (!Number.isInteger(maxReceiveCount) || maxReceiveCount < 1 || maxReceiveCount > MAX_RECEIVE_COUNT) {
    throw new TemplateError(
      `${logicalId}: maxReceiveCount is not a whole number from 1 to ${MAX_RECEIVE_COUNT}`,
    );
  }
  if (!allowsRedrive(target, queue.attribute('Arn'))) {
    throw new TemplateError(
      `${logicalId}: the RedriveAllowPolicy of ${target.logicalId} does not allow it to redrive`,
    );
  }
  return { deadLetterQueueArn, maxReceiveCount };
}

function allowsRedrive({ logicalId, properties }: Resource, sourceArn: string): boolean {
  const policy = properties.object('RedriveAllowPolicy');
  const permission = policy.optionalText('redrivePermission') ?? 'allowAll';
  switch (permission) {
    case 'allowAll':
      return true;
    case 'denyAll':
      return false;
    case 'byQueue':
      return policy.texts('sourceQueueArns').includes(sourceArn);
    default:
      throw new TemplateError(`${logicalId}: RedriveAllowPolicy has no redrivePermission ${permission}`);
  }
}

/** The ARN of a queue by its URL. */
export function queueArnOf(template: InterpretedTemplate, url: string): string {
  const queue = template.find(QUEUE, url);
  if (!queue) throw new TemplateError(`There is no queue ${url}`);
  return queue.attribute('Arn');
}
