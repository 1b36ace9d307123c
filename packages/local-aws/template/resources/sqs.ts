import type { PolicyDocument } from '../../iam/policy.ts';
import type { QueueDefinition } from '../../sqs/queue.ts';
import type { InterpretedTemplate } from '../interpreter.ts';
import { TemplateError } from '../intrinsics.ts';
import { arnOf, generatedName, type Resource, type ResourceTypes } from '../resource.ts';

const QUEUE = 'AWS::SQS::Queue';
const QUEUE_POLICY = 'AWS::SQS::QueuePolicy';

/** SQS's defaults: four days, and half a minute. */
const RETENTION_SECONDS = 345_600;
const VISIBILITY_TIMEOUT_SECONDS = 30;

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
    // Encryption at rest has no counterpart here.
    properties: ['MessageRetentionPeriod', 'QueueName', 'SqsManagedSseEnabled', 'Tags', 'VisibilityTimeout'],
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
    const { properties } = queue;
    return {
      name: queueName(queue),
      arn: queue.attribute('Arn'),
      retentionSeconds: properties.optionalNumber('MessageRetentionPeriod') ?? RETENTION_SECONDS,
      visibilityTimeoutSeconds: properties.optionalNumber('VisibilityTimeout') ?? VISIBILITY_TIMEOUT_SECONDS,
      policy: policy?.properties.value('PolicyDocument') as PolicyDocument | undefined,
    };
  });
}

/** The ARN of a queue by its URL. */
export function queueArnOf(template: InterpretedTemplate, url: string): string {
  const queue = template.find(QUEUE, url);
  if (!queue) throw new TemplateError(`There is no queue ${url}`);
  return queue.attribute('Arn');
}
