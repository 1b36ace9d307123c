// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of CloudFormation and IAM look like
// those of JavaScript.
import { describe, expect, it } from 'vitest';
import { interpretTemplate, type Template } from '../../template/interpreter.ts';
import { readUserPools, userPoolOfIssuer } from '../../template/resources/cognito.ts';
import { readTables } from '../../template/resources/dynamodb.ts';
import { readHttpApis } from '../../template/resources/http-api.ts';
import { readRoles } from '../../template/resources/iam.ts';
import { RESOURCE_TYPES } from '../../template/resources/index.ts';
import { readFunctions, readInvokePermissions } from '../../template/resources/lambda.ts';
import { readBuckets } from '../../template/resources/s3.ts';

const environment = {
  region: 'eu-central-1',
  accountId: '123456789012',
  partition: 'aws',
  urlSuffix: 'amazonaws.com',
  stackName: 'MediaLibrary',
};

const interpret = (template: Template, parameters: Record<string, string> = {}) =>
  interpretTemplate(template, { environment, types: RESOURCE_TYPES, parameters });

const bucket = { Type: 'AWS::S3::Bucket' };
const role = {
  Type: 'AWS::IAM::Role',
  Properties: { AssumeRolePolicyDocument: { Statement: [] } },
};

describe('the interpreter', () => {
  it('makes resource ids that are stable and unique', () => {
    const template = { Resources: { First: bucket, Second: bucket } };
    const names = () => readBuckets(interpret(template)).map(({ name }) => name);
    expect(names()).toEqual(names());
    expect(new Set(names()).size).toBe(2);
    for (const name of names()) expect(name).toMatch(/^media-library-[a-z0-9]{12}$/);
  });

  it('uses names of the template', () => {
    const template = {
      Resources: { Media: { ...bucket, Properties: { BucketName: { 'Fn::Sub': 'b-${AWS::AccountId}' } } } },
    };
    expect(readBuckets(interpret(template))[0]?.name).toBe('b-123456789012');
  });

  it('resolves outputs, parameters with their defaults, and mappings', () => {
    const template: Template = {
      Parameters: { Stage: { Type: 'String', Default: 'dev' }, Size: { Type: 'Number', Default: 3 } },
      Mappings: { Sizes: { dev: { count: '7' } } },
      Resources: { Media: bucket },
      Outputs: {
        Arn: { Value: { 'Fn::GetAtt': ['Media', 'Arn'] } },
        Count: { Value: { 'Fn::FindInMap': ['Sizes', { Ref: 'Stage' }, 'count'] } },
        Size: { Value: { Ref: 'Size' } },
      },
    };
    const { outputs } = interpret(template, { Size: '5' });
    expect(outputs['Arn']).toMatch(/^arn:aws:s3:::media-library-/);
    expect(outputs).toMatchObject({ Count: '7', Size: '5' });
  });

  it('leaves out resources and outputs whose condition does not hold', () => {
    const template: Template = {
      Conditions: {
        InGermany: { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'eu-central-1'] },
        Elsewhere: { 'Fn::Not': [{ Condition: 'InGermany' }] },
      },
      Resources: {
        Here: { ...bucket, Condition: 'InGermany' },
        There: { ...bucket, Condition: 'Elsewhere' },
      },
      Outputs: { There: { Value: 'x', Condition: 'Elsewhere' } },
    };
    const interpreted = interpret(template);
    expect(interpreted.ofType('AWS::S3::Bucket').map(({ logicalId }) => logicalId)).toEqual(['Here']);
    expect(interpreted.outputs).toEqual({});
  });

  it.each<[description: string, template: Template, message: string]>([
    [
      'an unknown resource type',
      { Resources: { Q: { Type: 'AWS::SQS::Fifo' } } },
      'Q: the local stack does not support the resource type AWS::SQS::Fifo',
    ],
    [
      'an unknown property',
      { Resources: { B: { ...bucket, Properties: { ReplicationConfiguration: {} } } } },
      "B: the local stack does not support AWS::S3::Bucket's ReplicationConfiguration",
    ],
    [
      'an unknown attribute',
      { Resources: { B: bucket }, Outputs: { O: { Value: { 'Fn::GetAtt': ['B', 'WebsiteURL'] } } } },
      "B: the local stack does not support AWS::S3::Bucket's attribute WebsiteURL",
    ],
    [
      'a reference to nothing',
      { Outputs: { O: { Value: { Ref: 'Nowhere' } } } },
      'There is no resource or parameter Nowhere',
    ],
    [
      'a parameter without a value',
      { Parameters: { P: { Type: 'String' } }, Outputs: { O: { Value: { Ref: 'P' } } } },
      'Parameter P has no value',
    ],
    [
      'a parameter that lives in Parameter Store',
      {
        Parameters: { P: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/x' } },
        Outputs: { O: { Value: { Ref: 'P' } } },
      },
      'Parameter P is of type AWS::SSM::Parameter::Value<String>',
    ],
    [
      'a name made of itself',
      { Resources: { B: { ...bucket, Properties: { BucketName: { Ref: 'B' } } } } },
      'B: Ref refers to itself',
    ],
    [
      'a condition made of itself',
      {
        Conditions: { C: { 'Fn::Not': [{ Condition: 'C' }] } },
        Resources: { B: { ...bucket, Condition: 'C' } },
      },
      'Condition C refers to itself',
    ],
  ])('stops at %s', (_description, template, message) => {
    expect(() => interpret(template)).toThrow(message);
  });
});

describe('reading services from the template', () => {
  it('finds the inline and attached policies of a role', () => {
    const document = (action: string) => ({
      Statement: [{ Effect: 'Allow', Action: action, Resource: { 'Fn::GetAtt': ['Role', 'Arn'] } }],
    });
    const [read] = readRoles(
      interpret({
        Resources: {
          Role: {
            ...role,
            Properties: {
              ...role.Properties,
              MaxSessionDuration: 7200,
              Policies: [{ PolicyName: 'p', PolicyDocument: document('sts:A') }],
            },
          },
          Policy: {
            Type: 'AWS::IAM::Policy',
            Properties: { PolicyName: 'q', Roles: [{ Ref: 'Role' }], PolicyDocument: document('sts:B') },
          },
        },
      }),
    );
    expect(read).toMatchObject({
      arn: 'arn:aws:iam::123456789012:role/MediaLibrary-Role',
      maxSessionDurationInSeconds: 7200,
    });
    expect(read?.policies).toEqual(
      ['sts:A', 'sts:B'].map((Action) => ({ Statement: [{ Effect: 'Allow', Action, Resource: read?.arn }] })),
    );
  });

  it('finds the managed policies of a role, from both sides', () => {
    const document = (action: string) => ({
      Statement: [{ Effect: 'Allow', Action: action, Resource: '*' }],
    });
    const managed = (name: string, properties: object) => ({
      Type: 'AWS::IAM::ManagedPolicy',
      Properties: { ManagedPolicyName: name, PolicyDocument: document(`sts:${name}`), ...properties },
    });
    const withArns = (...arns: unknown[]) => ({
      ...role,
      Properties: { ...role.Properties, ManagedPolicyArns: arns },
    });
    const basicExecution = 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole';
    const [read] = readRoles(
      interpret({
        Resources: {
          Role: withArns(basicExecution, { Ref: 'Named' }),
          Named: managed('Named', {}),
          Naming: managed('Naming', { Roles: [{ Ref: 'Role' }] }),
        },
      }),
    );
    expect(read?.policies.flatMap(({ Statement }) => Statement).map(({ Action }) => Action)).toEqual([
      ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
      'sts:Named',
      'sts:Naming',
    ]);
    const everything = 'arn:aws:iam::aws:policy/AdministratorAccess';
    expect(() => readRoles(interpret({ Resources: { Role: withArns(everything) } }))).toThrow(
      `Role: the local AWS does not support the managed policy ${everything}`,
    );
  });

  it('refuses a policy for a role that does not exist', () => {
    const policy = {
      Type: 'AWS::IAM::Policy',
      Properties: { PolicyName: 'q', Roles: ['Nobody'], PolicyDocument: { Statement: [] } },
    };
    expect(() => readRoles(interpret({ Resources: { Policy: policy } }))).toThrow(
      'Policy: there is no role Nobody',
    );
  });

  it('finds a function with its bundle, its role and its asynchronous settings', () => {
    const [fn] = readFunctions(
      interpret({
        Resources: {
          Role: role,
          Upload: {
            Type: 'AWS::Lambda::Function',
            Properties: {
              Code: { S3Bucket: 'assets', S3Key: 'abc.zip' },
              Description: 'upload-callback: POST /x',
              Environment: { Variables: { TABLE: { Ref: 'AWS::StackName' } } },
              Handler: 'index.handler',
              LoggingConfig: { LogFormat: 'JSON' },
              Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
              Runtime: 'nodejs24.x',
              Timeout: 20,
            },
          },
          Async: {
            Type: 'AWS::Lambda::EventInvokeConfig',
            Properties: {
              FunctionName: { Ref: 'Upload' },
              MaximumRetryAttempts: 1,
              Qualifier: '$LATEST',
              DestinationConfig: { OnFailure: { Destination: 'arn:aws:sqs:eu-central-1:123456789012:lost' } },
            },
          },
        },
      }),
      (key) => `/bundles/${key}`,
    );
    expect(fn).toMatchObject({
      name: 'Upload',
      arn: 'arn:aws:lambda:eu-central-1:123456789012:function:Upload',
      label: 'upload-callback',
      codeDirectory: '/bundles/abc.zip',
      environment: { TABLE: 'MediaLibrary' },
      logFormat: 'JSON',
      memoryInMegabytes: 128,
      timeoutInSeconds: 20,
      retryAttempts: 1,
      onFailureArn: 'arn:aws:sqs:eu-central-1:123456789012:lost',
    });
  });

  it('refuses permissions for missing functions and unsupported actions', () => {
    const permission = (properties: Record<string, unknown>) => ({
      Resources: {
        P: {
          Type: 'AWS::Lambda::Permission',
          Properties: { Principal: 'apigateway.amazonaws.com', ...properties },
        },
      },
    });
    expect(() =>
      readInvokePermissions(interpret(permission({ Action: 'lambda:InvokeFunction', FunctionName: 'Gone' }))),
    ).toThrow('P: there is no function Gone');
    expect(() =>
      readInvokePermissions(
        interpret(permission({ Action: 'lambda:InvokeFunctionUrl', FunctionName: 'Gone' })),
      ),
    ).toThrow('lambda:InvokeFunctionUrl');
  });

  describe('tables', () => {
    const byFlight = {
      IndexName: 'by-flight',
      KeySchema: [{ AttributeName: 'flight', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['name'] },
    };
    const table = (Type: string, properties: object) =>
      interpret({
        Resources: {
          Catalog: {
            Type,
            Properties: {
              BillingMode: 'PAY_PER_REQUEST',
              KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
              AttributeDefinitions: [
                { AttributeName: 'pk', AttributeType: 'S' },
                { AttributeName: 'flight', AttributeType: 'S' },
              ],
              GlobalSecondaryIndexes: [byFlight],
              TimeToLiveSpecification: { AttributeName: 'expires_at', Enabled: true },
              ...properties,
            },
          },
        },
      });
    const global = (properties: object = {}) =>
      table('AWS::DynamoDB::GlobalTable', { Replicas: [{ Region: 'eu-central-1' }], ...properties });

    it.each([
      ['TableV2', () => global()],
      ['Table', () => table('AWS::DynamoDB::Table', {})],
    ])('are read with their indexes, in the form of %s', (_, template) => {
      expect(readTables(template())).toEqual([
        {
          name: 'MediaLibrary-Catalog',
          keySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
          attributeDefinitions: [
            { AttributeName: 'pk', AttributeType: 'S' },
            { AttributeName: 'flight', AttributeType: 'S' },
          ],
          globalSecondaryIndexes: [byFlight],
          timeToLiveAttribute: 'expires_at',
        },
      ]);
    });

    it('are refused with unsupported settings', () => {
      const index = { ...byFlight, OnDemandThroughput: { MaxReadRequestUnits: 1 } };
      expect(() => readTables(global({ Replicas: [{ Region: 'us-east-1' }] }))).toThrow('one region');
      expect(() => readTables(global({ BillingMode: undefined }))).toThrow('only has on-demand tables');
      expect(() => readTables(global({ GlobalSecondaryIndexes: [index] }))).toThrow(
        'Catalog: the local DynamoDB does not implement OnDemandThroughput of index by-flight',
      );
    });
  });

  it('finds a user pool with its clients, token lifetimes in seconds, and its issuer', () => {
    const template = interpret({
      Resources: {
        People: {
          Type: 'AWS::Cognito::UserPool',
          Properties: { Policies: { PasswordPolicy: { MinimumLength: 12, RequireNumbers: true } } },
        },
        Everybody: {
          Type: 'AWS::Cognito::UserPoolGroup',
          Properties: { UserPoolId: { Ref: 'People' }, GroupName: 'everybody' },
        },
        App: {
          Type: 'AWS::Cognito::UserPoolClient',
          Properties: {
            UserPoolId: { Ref: 'People' },
            ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH'],
            AccessTokenValidity: 90,
            RefreshTokenValidity: 2,
            TokenValidityUnits: { AccessToken: 'minutes' },
          },
        },
      },
    });
    const [pool] = readUserPools(template);
    expect(pool).toMatchObject({
      groups: ['everybody'],
      passwordPolicy: { minimumLength: 12, requireNumbers: true, requireSymbols: false },
      clients: [
        {
          accessTokenValidityInSeconds: 5400,
          refreshTokenValidityInSeconds: 172_800,
          preventUserExistenceErrors: false,
        },
      ],
    });
    expect(pool?.id).toMatch(/^eu-central-1_[a-z0-9]{9}$/);
    const issuer = `https://cognito-idp.eu-central-1.amazonaws.com/${pool?.id}`;
    expect(userPoolOfIssuer(template, issuer)).toBe(pool?.id);
    expect(userPoolOfIssuer(template, 'https://idp.example.com')).toBeUndefined();
  });

  it('refuses unsupported HTTP API settings', () => {
    const api = (
      resources: Record<string, { Type: string; Properties: Record<string, unknown> }>,
    ): Template => ({
      Resources: {
        Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { ProtocolType: 'HTTP' } },
        Stage: {
          Type: 'AWS::ApiGatewayV2::Stage',
          Properties: { ApiId: { Ref: 'Api' }, StageName: '$default' },
        },
        ...resources,
      },
    });
    const integration = (properties: Record<string, unknown>) => ({
      Integration: {
        Type: 'AWS::ApiGatewayV2::Integration',
        Properties: { ApiId: { Ref: 'Api' }, IntegrationUri: 'arn:x', ...properties },
      },
      Route: {
        Type: 'AWS::ApiGatewayV2::Route',
        Properties: {
          ApiId: { Ref: 'Api' },
          RouteKey: 'GET /a',
          Target: { 'Fn::Join': ['/', ['integrations', { Ref: 'Integration' }]] },
        },
      },
    });
    expect(() => readHttpApis(interpret(api(integration({ IntegrationType: 'HTTP_PROXY' }))))).toThrow(
      'not HTTP_PROXY',
    );
    expect(() =>
      readHttpApis(
        interpret(api(integration({ IntegrationType: 'AWS_PROXY', PayloadFormatVersion: '1.0' }))),
      ),
    ).toThrow('with 1.0');
    const proxy = integration({ IntegrationType: 'AWS_PROXY', PayloadFormatVersion: '2.0' });
    expect(readHttpApis(interpret(api(proxy)))[0]?.routes).toMatchObject([
      { key: 'GET /a', functionArn: 'arn:x', timeoutInMilliseconds: 30_000 },
    ]);
    const settings = {
      Type: 'AWS::ApiGatewayV2::Stage',
      Properties: {
        ApiId: { Ref: 'Api' },
        StageName: '$default',
        RouteSettings: { 'GET /b': { ThrottlingRateLimit: 1, ThrottlingBurstLimit: 1 } },
      },
    };
    expect(() => readHttpApis(interpret(api({ ...proxy, Stage: settings })))).toThrow(
      'there is no route GET /b',
    );
  });
});
