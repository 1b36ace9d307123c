import type { TableDefinition } from '../../dynamodb/dynamodb.ts';
import type { InterpretedTemplate } from '../interpreter.ts';
import { TemplateError } from '../intrinsics.ts';
import { arnOf, generatedName, type ResourceTypes } from '../resource.ts';

const TABLE = 'AWS::DynamoDB::GlobalTable';

/** Tables, as CDK's `TableV2` writes them. */
export const DYNAMODB_TYPES: ResourceTypes = {
  [TABLE]: {
    physicalId: (table) => String(table.property('TableName') ?? generatedName(table)),
    attributes: { Arn: (table) => arnOf(table, 'dynamodb', `table/${table.physicalId}`) },
    properties: [
      'AttributeDefinitions',
      'BillingMode',
      'GlobalSecondaryIndexes',
      'KeySchema',
      'Replicas',
      'SSESpecification',
      'TableName',
      'TimeToLiveSpecification',
    ],
  },
};

/** The tables of the template. */
export function readTables(template: InterpretedTemplate): TableDefinition[] {
  return template.ofType(TABLE).map((table) => {
    const { properties } = table;
    const replicas = properties.objects('Replicas').map((replica) => replica.text('Region'));
    if (replicas.some((region) => region !== table.environment.region)) {
      throw new TemplateError(
        `${table.logicalId}: the local stack has one region, not ${replicas.join(', ')}`,
      );
    }
    const timeToLive = properties.object('TimeToLiveSpecification');
    return {
      name: table.physicalId,
      // In the service's own spelling: CloudFormation hands these through as they are.
      keySchema: listOf(properties.value('KeySchema')) as unknown as TableDefinition['keySchema'],
      attributeDefinitions: listOf(
        properties.value('AttributeDefinitions'),
      ) as unknown as TableDefinition['attributeDefinitions'],
      globalSecondaryIndexes: listOf(
        properties.value('GlobalSecondaryIndexes'),
      ) as unknown as TableDefinition['globalSecondaryIndexes'],
      timeToLiveAttribute: timeToLive.optionalFlag('Enabled') ? timeToLive.text('AttributeName') : undefined,
    };
  });
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
