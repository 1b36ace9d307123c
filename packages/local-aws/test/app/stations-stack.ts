import { HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpUserPoolAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { UserPool } from 'aws-cdk-lib/aws-cognito';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnAuthorizer, CfnTopicRule } from 'aws-cdk-lib/aws-iot';
import { Code, Function as LambdaFn, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Bucket, type CfnBucket } from 'aws-cdk-lib/aws-s3';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import type { FunctionName } from './bundles.ts';

/** What the stack is made from. */
export interface StationsStackProps extends StackProps {
  /** Folder with a folder for every function. */
  readonly bundles: string;
}

/**
 * Weather stations. They report readings over MQTT, users read them over HTTP with a token, and reports in a
 * bucket are listed too. An app for the package's tests.
 */
export class StationsStack extends Stack {
  readonly bucket: Bucket;
  readonly api: HttpApi;
  readonly #bundles: string;

  constructor(scope: Construct, id: string, { bundles, ...props }: StationsStackProps) {
    super(scope, id, props);
    this.#bundles = bundles;
    const table = new TableV2(this, 'Readings', {
      partitionKey: { name: 'station', type: AttributeType.STRING },
      sortKey: { name: 'at', type: AttributeType.STRING },
    });
    const heat = new Queue(this, 'Heat');
    this.bucket = new Bucket(this, 'Reports', { versioned: true });
    // CDK's own property needs a function that runs at deployment.
    const { defaultChild } = this.bucket.node;
    (defaultChild as CfnBucket).notificationConfiguration = {
      eventBridgeConfiguration: { eventBridgeEnabled: true },
    };
    const people = new UserPool(this, 'People', { selfSignUpEnabled: false });
    const client = people.addClient('Browser', { authFlows: { userPassword: true } });

    this.api = new HttpApi(this, 'Api');
    const environment = {
      TABLE_NAME: table.tableName,
      BUCKET_NAME: this.bucket.bucketName,
      HEAT_URL: heat.queueUrl,
    };
    const listReadings = this.addFunction('list-readings', environment);
    table.grantReadData(listReadings);
    this.api.addRoutes({
      path: '/stations/{station}/readings',
      methods: [HttpMethod.GET],
      integration: new HttpLambdaIntegration('ListReadings', listReadings),
      authorizer: new HttpUserPoolAuthorizer('People', people, { userPoolClients: [client] }),
    });
    const overreach = this.addFunction('overreach', { ...environment, USER_POOL_ID: people.userPoolId });
    this.api.addRoutes({
      path: '/overreach',
      methods: [HttpMethod.POST],
      integration: new HttpLambdaIntegration('Overreach', overreach),
    });

    const recordReading = this.addFunction('record-reading', environment);
    table.grantWriteData(recordReading);
    const rule = new CfnTopicRule(this, 'Readings-Rule', {
      topicRulePayload: {
        sql: "SELECT *, topic(2) AS station FROM 'stations/+/readings'",
        awsIotSqlVersion: '2016-03-23',
        actions: [{ lambda: { functionArn: recordReading.functionArn } }],
      },
    });
    const iot = new ServicePrincipal('iot.amazonaws.com');
    recordReading.addPermission('Rule', { principal: iot, sourceArn: rule.attrArn });
    const sender = new Role(this, 'HeatSender', { assumedBy: iot });
    heat.grantSendMessages(sender);
    new CfnTopicRule(this, 'Heat-Rule', {
      topicRulePayload: {
        sql: "SELECT celsius FROM 'stations/+/readings' WHERE alarm = 'heat'",
        awsIotSqlVersion: '2016-03-23',
        actions: [{ sqs: { queueUrl: heat.queueUrl, roleArn: sender.roleArn, useBase64: false } }],
      },
    });
    const stationAuthorizer = this.addFunction('station-authorizer', {
      REGION_AND_ACCOUNT: `${this.region}:${this.account}`,
    });
    const authorizer = new CfnAuthorizer(this, 'Stations', {
      authorizerFunctionArn: stationAuthorizer.functionArn,
      status: 'ACTIVE',
      signingDisabled: true,
    });
    stationAuthorizer.addPermission('Iot', { principal: iot, sourceArn: authorizer.attrArn });

    const indexReport = this.addFunction('index-report', environment);
    table.grantWriteData(indexReport);
    this.bucket.grantRead(indexReport);
    new Rule(this, 'Stored', {
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: { bucket: { name: [this.bucket.bucketName] } },
      },
      targets: [new LambdaFunction(indexReport)],
    });

    for (const [name, value] of Object.entries({
      ApiUrl: this.api.apiEndpoint,
      TableName: table.tableName,
      BucketName: this.bucket.bucketName,
      HeatUrl: heat.queueUrl,
      UserPoolId: people.userPoolId,
      ClientId: client.userPoolClientId,
      OverreachRole: overreach.role?.roleArn ?? '',
    })) {
      new CfnOutput(this, name, { value });
    }
  }

  /** A function of the app, with its variables. */
  addFunction(name: FunctionName, environment: Record<string, string>): LambdaFn {
    return new LambdaFn(this, name, {
      description: `${name}: for tests`,
      code: Code.fromAsset(`${this.#bundles}/${name}`),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      memorySize: 256,
      environment,
    });
  }
}
