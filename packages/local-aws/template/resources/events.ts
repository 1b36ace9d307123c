import type { EventRuleDefinition, EventTarget } from '../../events/definitions.ts';
import { checkPattern } from '../../events/event-pattern.ts';
import type { InterpretedTemplate } from '../interpreter.ts';
import { TemplateError } from '../intrinsics.ts';
import { arnOf, generatedName, type ResourceTypes } from '../resource.ts';

const RULE = 'AWS::Events::Rule';

/** EventBridge rules of the default event bus. */
export const EVENTS_TYPES: ResourceTypes = {
  [RULE]: {
    physicalId: (rule) => String(rule.property('Name') ?? generatedName(rule)),
    attributes: { Arn: (rule) => arnOf(rule, 'events', `rule/${rule.physicalId}`) },
    properties: ['Description', 'EventPattern', 'Name', 'State', 'Targets'],
  },
};

/** The rules of the template that are enabled. */
export function readEventRules(template: InterpretedTemplate): EventRuleDefinition[] {
  return template
    .ofType(RULE)
    .filter(({ properties }) => (properties.optionalText('State') ?? 'ENABLED') !== 'DISABLED')
    .map((rule) => {
      const pattern = rule.properties.object('EventPattern').toJSON();
      try {
        checkPattern(pattern);
      } catch (error) {
        throw new TemplateError(`${rule.logicalId}: ${(error as Error).message}`);
      }
      return {
        name: rule.physicalId,
        arn: rule.attribute('Arn'),
        pattern,
        targets: rule.properties.objects('Targets').map((target) => {
          const unknown = target.names.filter(
            (name) => !['Arn', 'DeadLetterConfig', 'Id', 'RetryPolicy'].includes(name),
          );
          if (unknown.length > 0) {
            throw new TemplateError(
              `${rule.logicalId}: the local stack does not support ${unknown.join(', ')} of a target`,
            );
          }
          return {
            ...targetOf(rule.logicalId, target.text('Arn')),
            deadLetterQueueArn: target.object('DeadLetterConfig').optionalText('Arn'),
          };
        }),
      };
    });
}

function targetOf(logicalId: string, arn: string): Pick<EventTarget, 'arn' | 'kind'> {
  const [, , service] = arn.split(':');
  if (service === 'lambda') return { kind: 'function', arn };
  if (service === 'sqs') return { kind: 'queue', arn };
  throw new TemplateError(
    `${logicalId}: the local stack supports functions and queues as targets, not ${arn}`,
  );
}
