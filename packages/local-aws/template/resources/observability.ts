import { arnOf, generatedName, type ResourceTypes } from '../resource.ts';

/**
 * Alarms, dashboards, budgets, topics, log groups and trails, which have no effect here: log lines go to the local
 * stack's log.
 */
export const OBSERVABILITY_TYPES: ResourceTypes = {
  'AWS::Logs::LogGroup': {
    physicalId: (group) => String(group.property('LogGroupName') ?? generatedName(group)),
    attributes: { Arn: (group) => arnOf(group, 'logs', `log-group:${group.physicalId}:*`) },
    properties: 'any',
  },
  'AWS::Logs::Delivery': { physicalId: generatedName, properties: 'any' },
  'AWS::Logs::DeliveryDestination': {
    physicalId: (destination) => String(destination.property('Name') ?? generatedName(destination)),
    attributes: {
      Arn: (destination) => arnOf(destination, 'logs', `delivery-destination:${destination.physicalId}`),
    },
    properties: 'any',
  },
  'AWS::Logs::DeliverySource': {
    physicalId: (source) => String(source.property('Name') ?? generatedName(source)),
    attributes: { Arn: (source) => arnOf(source, 'logs', `delivery-source:${source.physicalId}`) },
    properties: 'any',
  },
  'AWS::Logs::MetricFilter': { physicalId: generatedName, properties: 'any' },
  'AWS::CloudWatch::Alarm': {
    physicalId: (alarm) => String(alarm.property('AlarmName') ?? generatedName(alarm)),
    attributes: { Arn: (alarm) => arnOf(alarm, 'cloudwatch', `alarm:${alarm.physicalId}`) },
    properties: 'any',
  },
  'AWS::CloudWatch::Dashboard': { physicalId: generatedName, properties: 'any' },
  'AWS::CloudTrail::Trail': {
    physicalId: (trail) => String(trail.property('TrailName') ?? generatedName(trail)),
    attributes: { Arn: (trail) => arnOf(trail, 'cloudtrail', `trail/${trail.physicalId}`) },
    properties: 'any',
  },
  // Only alarms publish here: calls of SNS are refused, and so are notifications and rules with a topic.
  'AWS::SNS::Topic': {
    physicalId: (topic) => arnOf(topic, 'sns', String(topic.property('TopicName') ?? generatedName(topic))),
    attributes: { TopicArn: (topic) => topic.physicalId },
    properties: 'any',
  },
  'AWS::SNS::TopicPolicy': { physicalId: generatedName, properties: 'any' },
  'AWS::SNS::Subscription': { physicalId: generatedName, properties: 'any' },
  'AWS::Budgets::Budget': { physicalId: generatedName, properties: 'any' },
  'AWS::CDK::Metadata': { physicalId: generatedName, properties: 'any' },
};
