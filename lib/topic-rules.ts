import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnTopicRule } from 'aws-cdk-lib/aws-iot';
import type { FunctionRow } from '../functions/manifest.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { EndpointFunction } from './endpoint-function.ts';
import { topicRulesOf } from './topic-rule-sql.ts';

/**
 * Routes the messages of a row of the manifest to its function; those that cannot be delivered go to the dead
 * letters.
 */
export function addTopicRules(
  { name, trigger }: FunctionRow,
  endpoint: EndpointFunction,
  deadLetters: DeadLetters,
): void {
  const rules = topicRulesOf(trigger);
  for (const [index, sql] of rules.entries()) {
    const id = rules.length > 1 ? `Rule${index + 1}` : 'Rule';
    const rule = new CfnTopicRule(endpoint, id, {
      topicRulePayload: {
        description: `Messages for ${name}`,
        sql,
        awsIotSqlVersion: '2016-03-23',
        ruleDisabled: false,
        actions: [{ lambda: { functionArn: endpoint.functionArn } }],
        errorAction: deadLetters.ruleErrorAction,
      },
    });
    endpoint.addPermission(`Iot${id}`, {
      principal: new ServicePrincipal('iot.amazonaws.com'),
      sourceArn: rule.attrArn,
    });
  }
}
