import { Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { AttributeType, Billing, ProjectionType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnOutput, RemovalPolicy } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { BY_TIME } from '../functions/adapters/media-table-keys.ts';
import { MEDIA_TABLE_NAME } from '../functions/environment.ts';
import type { ItemAction } from '../functions/manifest.ts';
import type { EndpointFunction } from './endpoint-function.ts';

/** The table of the catalog. docs/architecture.md describes its keys. It stays when the stack is deleted. */
export class MediaTable extends Construct {
  private readonly table: TableV2;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.table = new TableV2(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      timeToLiveAttribute: 'expires_at',
      globalSecondaryIndexes: [
        {
          indexName: BY_TIME.name,
          partitionKey: { name: BY_TIME.partitionKey, type: AttributeType.STRING },
          sortKey: { name: BY_TIME.sortKey, type: AttributeType.STRING },
          projectionType: ProjectionType.KEYS_ONLY,
        },
      ],
      billing: Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      // Also after a failed first deployment: its rollback could not delete what is protected, and would
      // fail.
      removalPolicy: RemovalPolicy.RETAIN,
    });
    new CfnOutput(this, 'Name', { value: this.table.tableName }).overrideLogicalId('MediaTableName');
  }

  /** Request units that the table and its index have consumed. */
  consumed(kind: 'Read' | 'Write', options: MetricOptions): Metric[] {
    const TableName = this.table.tableName;
    return [{ TableName }, { TableName, GlobalSecondaryIndexName: BY_TIME.name }].map(
      (dimensionsMap) =>
        new Metric({
          ...options,
          namespace: 'AWS/DynamoDB',
          metricName: `Consumed${kind}CapacityUnits`,
          dimensionsMap,
        }),
    );
  }

  /** Grants exactly these actions. */
  grant(endpoint: EndpointFunction, ...actions: ItemAction[]): void {
    endpoint.addToRolePolicy(
      new PolicyStatement({
        actions: actions.map((action) => `dynamodb:${action}`),
        resources: [this.table.tableArn],
      }),
    );
    endpoint.addEnvironment(MEDIA_TABLE_NAME, this.table.tableName);
  }
}
