import type { TableDefinition } from '../../dynamodb/dynamodb.ts';
import type { InterpretedTemplate } from '../interpreter.ts';
import { TemplateError } from '../intrinsics.ts';
import { arnOf, generatedName, type Resource, type ResourceType, type ResourceTypes } from '../resource.ts';

const GLOBAL_TABLE = 'AWS::DynamoDB::GlobalTable';
const TABLE = 'AWS::DynamoDB::Table';

const COMMON: Pick<ResourceType, 'physicalId' | 'attributes'> = {
  physicalId: (table) => String(table.property('TableName') ?? generatedName(table)),
  attributes: { Arn: (table) => arnOf(table, 'dynamodb', `table/${table.physicalId}`) },
};

const COMMON_PROPERTIES = [
  'AttributeDefinitions',
  'BillingMode',
  'GlobalSecondaryIndexes',
  'KeySchema',
  'SSESpecification',
  'TableName',
  'TimeToLiveSpecification',
];

/** Tables, as CDK's `TableV2` and `Table` write them. */
export const DYNAMODB_TYPES: ResourceTypes = {
  [GLOBAL_TABLE]: { ...COMMON, properties: [...COMMON_PROPERTIES, 'Replicas'] },
  [TABLE]: {
    ...COMMON,
    properties: [
      ...COMMON_PROPERTIES,
      'DeletionProtectionEnabled',
      'PointInTimeRecoverySpecification',
      'TableClass',
      'Tags',
    ],
  },
};

const INDEX_PROPERTIES: readonly string[] = ['IndexName', 'KeySchema', 'Projection'];

/** The tables of the template. */
export function readTables(template: InterpretedTemplate): TableDefinition[] {
  return [...template.ofType(GLOBAL_TABLE), ...template.ofType(TABLE)].map((table) => {
    const { properties } = table;
    refuseProvisioned(table);
    refuseUnknownIndexSettings(table);
    const replicas = properties.objects('Replicas').map((replica) => replica.text('Region'));
    if (replicas.some((region) => region !== table.environment.region)) {
      throw new TemplateError(
        `${table.logicalId}: the local stack has one region, not ${replicas.join(', ')}`,
      );
    }
    const timeToLive = properties.object('TimeToLiveSpecification');
    return {
      name: table.physicalId,
      // In the form of DynamoDB's API, which CloudFormation passes on unchanged.
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

/** Provisioned tables throttle, which the local DynamoDB does not implement. */
function refuseProvisioned({ logicalId, properties }: Resource): void {
  if (properties.optionalText('BillingMode') === 'PAY_PER_REQUEST') return;
  throw new TemplateError(
    `${logicalId}: the local DynamoDB only has on-demand tables: BillingMode PAY_PER_REQUEST`,
  );
}

function refuseUnknownIndexSettings({ logicalId, properties }: Resource): void {
  for (const index of properties.objects('GlobalSecondaryIndexes')) {
    const unknown = index.names.filter((name) => !INDEX_PROPERTIES.includes(name));
    if (unknown.length === 0) continue;
    throw new TemplateError(
      `${logicalId}: the local DynamoDB does not implement ${unknown.join(', ')} of index ${index.text('IndexName')}`,
    );
  }
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
