import type { AuthorizerDefinition, RuleAction, TopicRuleDefinition } from '../../iot/definitions.ts';
import type { InterpretedTemplate } from '../interpreter.ts';
import { TemplateError } from '../intrinsics.ts';
import { arnOf, type Properties, type Resource, type ResourceTypes } from '../resource.ts';
import { queueArnOf } from './sqs.ts';

const TOPIC_RULE = 'AWS::IoT::TopicRule';
const AUTHORIZER = 'AWS::IoT::Authorizer';
const DOMAIN_CONFIGURATION = 'AWS::IoT::DomainConfiguration';

/** The version that has `encode` and `isUndefined`. AWS's default is an older one. */
const SQL_VERSION = '2016-03-23';

/** Names in AWS IoT. Those of rules must not contain hyphens. */
const nameOf =
  (property: string) =>
  (resource: Pick<Resource, 'environment' | 'logicalId' | 'property'>): string =>
    String(
      resource.property(property) ??
        `${resource.environment.stackName}_${resource.logicalId}`.replaceAll('-', '_'),
    );

/** Topic rules, custom authorizers and domain configurations. */
export const IOT_TYPES: ResourceTypes = {
  [TOPIC_RULE]: {
    physicalId: nameOf('RuleName'),
    attributes: { Arn: (rule) => arnOf(rule, 'iot', `rule/${rule.physicalId}`) },
    properties: ['RuleName', 'Tags', 'TopicRulePayload'],
  },
  [AUTHORIZER]: {
    physicalId: nameOf('AuthorizerName'),
    attributes: { Arn: (authorizer) => arnOf(authorizer, 'iot', `authorizer/${authorizer.physicalId}`) },
    // They are for HTTP publishing, which is not supported.
    properties: [
      'AuthorizerFunctionArn',
      'AuthorizerName',
      'EnableCachingForHttp',
      'SigningDisabled',
      'Status',
      'Tags',
    ],
  },
  [DOMAIN_CONFIGURATION]: {
    physicalId: nameOf('DomainConfigurationName'),
    attributes: {
      Arn: (domain) => arnOf(domain, 'iot', `domainconfiguration/${domain.physicalId}`),
      DomainType: (domain) =>
        domain.property('DomainName') === undefined ? 'AWS_MANAGED' : 'CUSTOMER_MANAGED',
    },
    // There are no domain names and certificates on loopback.
    properties: [
      'ApplicationProtocol',
      'AuthenticationType',
      'AuthorizerConfig',
      'DomainConfigurationName',
      'DomainConfigurationStatus',
      'DomainName',
      'ServerCertificateArns',
      'ServiceType',
      'Tags',
      'TlsConfig',
      'ValidationCertificateArn',
    ],
  },
};

/** The topic rules of the template. */
export function readTopicRules(template: InterpretedTemplate): TopicRuleDefinition[] {
  return template.ofType(TOPIC_RULE).map((rule) => {
    const payload = rule.properties.object('TopicRulePayload');
    known(rule, payload, [
      'Actions',
      'AwsIotSqlVersion',
      'Description',
      'ErrorAction',
      'RuleDisabled',
      'Sql',
    ]);
    const version = payload.optionalText('AwsIotSqlVersion');
    if (version !== SQL_VERSION) {
      throw new TemplateError(
        `${rule.logicalId}: the local stack supports SQL version ${SQL_VERSION}, not ${version}`,
      );
    }
    const errorAction = payload.object('ErrorAction');
    return {
      name: rule.physicalId,
      arn: rule.attribute('Arn'),
      sql: payload.text('Sql'),
      enabled: !payload.optionalFlag('RuleDisabled'),
      actions: payload.objects('Actions').map((action) => actionOf(template, rule, action)),
      errorAction: errorAction.names.length > 0 ? actionOf(template, rule, errorAction) : undefined,
    };
  });
}

/** The custom authorizer of the MQTT endpoint; undefined when the template has none. */
export function readIotAuthorizer(template: InterpretedTemplate): AuthorizerDefinition | undefined {
  const authorizers = template.ofType(AUTHORIZER);
  const [domain] = template.ofType(DOMAIN_CONFIGURATION);
  const name = domain?.properties.object('AuthorizerConfig').text('DefaultAuthorizerName');
  const authorizer = name === undefined ? authorizers[0] : template.find(AUTHORIZER, name);
  if (name !== undefined && !authorizer) {
    throw new TemplateError(`${domain?.logicalId}: there is no authorizer ${name}`);
  }
  if (!authorizer) return undefined;
  if (authorizers.length > 1) throw new TemplateError('The local stack supports one authorizer of AWS IoT');
  const { properties, logicalId, physicalId } = authorizer;
  if (properties.optionalFlag('SigningDisabled') !== true) {
    throw new TemplateError(`${logicalId}: the local stack does not support signed tokens`);
  }
  if (properties.optionalText('Status') !== 'ACTIVE') {
    throw new TemplateError(`${logicalId}: Status is not ACTIVE, so AWS IoT would not use it`);
  }
  return {
    name: physicalId,
    arn: authorizer.attribute('Arn'),
    functionArn: properties.text('AuthorizerFunctionArn'),
  };
}

function actionOf(template: InterpretedTemplate, rule: Resource, action: Properties): RuleAction {
  if (action.names.length === 1 && action.has('Lambda')) {
    return { kind: 'lambda', functionArn: action.object('Lambda').text('FunctionArn') };
  }
  if (action.names.length === 1 && action.has('Sqs')) {
    const sqs = action.object('Sqs');
    return {
      kind: 'sqs',
      queueArn: queueArnOf(template, sqs.text('QueueUrl')),
      roleArn: sqs.text('RoleArn'),
      useBase64: sqs.optionalFlag('UseBase64') ?? false,
    };
  }
  throw new TemplateError(
    `${rule.logicalId}: the local stack does not support the action ${action.names.join(', ')}`,
  );
}

function known(rule: Resource, payload: Properties, names: readonly string[]): void {
  const unknown = payload.names.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    throw new TemplateError(
      `${rule.logicalId}: the local stack does not support ${unknown.join(', ')} of a rule`,
    );
  }
}
