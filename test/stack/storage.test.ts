import { describe, expect, it } from 'vitest';
import { type Json, synthesise } from './synthesise.ts';

const template = synthesise();

describe('the bucket', () => {
  const bucket = template.only('AWS::S3::Bucket');
  const rulesOf = (lifecycle: Json): Json[] =>
    synthesise({ lifecycle }).only('AWS::S3::Bucket').Properties.LifecycleConfiguration.Rules;

  it('keeps every version, encrypted, for its owner alone', () => {
    expect(bucket.Properties).toMatchObject({
      VersioningConfiguration: { Status: 'Enabled' },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
    const [encryption] = bucket.Properties.BucketEncryption.ServerSideEncryptionConfiguration;
    expect(encryption).toEqual({
      ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' },
      BlockedEncryptionTypes: { EncryptionType: ['SSE-C'] },
    });
  });

  it('outlives the stack', () => {
    expect(bucket).toMatchObject({
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
    });
  });

  it('refuses plain HTTP and old TLS, and has no other policy', () => {
    const { Statement } = template.only('AWS::S3::BucketPolicy').Properties.PolicyDocument;
    const arns = ['<AWS::S3::Bucket.Arn>', '<AWS::S3::Bucket.Arn>/*'];
    expect(
      Statement.map(({ Effect, Action, Condition, Resource }: Json) => [
        Effect,
        Action,
        Condition,
        Resource.map((arn: Json) => template.text(arn)),
      ]),
    ).toEqual([
      ['Deny', 's3:*', { Bool: { 'aws:SecureTransport': 'false' } }, arns],
      ['Deny', 's3:*', { NumericLessThan: { 's3:TlsVersion': 1.2 } }, arns],
    ]);
  });

  it('tells its queue of every version that comes, and of everything that goes', () => {
    const { QueueConfigurations } = bucket.Properties.NotificationConfiguration;
    expect(QueueConfigurations.map(({ Event }: Json) => Event)).toEqual([
      's3:ObjectCreated:*',
      's3:ObjectRemoved:*',
      's3:LifecycleExpiration:*',
    ]);
    const queues = QueueConfigurations.map(({ Queue }: Json) => template.target(Queue).id);
    expect(new Set(queues).size).toBe(1);
  });

  it('is made after the policy that lets it tell, which names no bucket but the account', () => {
    const { Queue } = bucket.Properties.NotificationConfiguration.QueueConfigurations[0];
    const policy = template
      .ofType('AWS::SQS::QueuePolicy')
      .find(({ Properties }) => Properties.Queues[0].Ref === template.target(Queue).id);
    expect(bucket.DependsOn).toContain(policy?.id);
    expect(policy?.Properties.PolicyDocument.Statement).toContainEqual({
      Effect: 'Allow',
      Action: 'sqs:SendMessage',
      Principal: { Service: 's3.amazonaws.com' },
      Resource: Queue,
      Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
    });
  });

  it('by default only drops uploads that nobody finished', () => {
    expect(bucket.Properties.LifecycleConfiguration.Rules).toEqual([
      {
        Id: 'unfinished-uploads',
        Status: 'Enabled',
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
      },
    ]);
  });

  it('moves and expires files as configured, and never their earlier versions', () => {
    const [, ...rules] = rulesOf({
      infrequentAccessAfterInDays: 30,
      glacierInstantRetrievalAfterInDays: 90,
      expireAfterInDays: 365,
    });
    expect(rules).toEqual([
      {
        Id: 'storage-classes',
        Status: 'Enabled',
        Transitions: [
          { StorageClass: 'STANDARD_IA', TransitionInDays: 30 },
          { StorageClass: 'GLACIER_IR', TransitionInDays: 90 },
        ],
      },
      { Id: 'expiry', Status: 'Enabled', ExpirationInDays: 365 },
    ]);
  });
});

describe('the table', () => {
  const table = template.only('AWS::DynamoDB::GlobalTable');

  it('has the keys, the billing and the expiry that the catalog counts on', () => {
    expect(table.Properties).toMatchObject({
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
        { AttributeName: 'list', AttributeType: 'S' },
        { AttributeName: 'listed_at', AttributeType: 'S' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'by-time',
          KeySchema: [
            { AttributeName: 'list', KeyType: 'HASH' },
            { AttributeName: 'listed_at', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
      ],
      BillingMode: 'PAY_PER_REQUEST',
      TimeToLiveSpecification: { AttributeName: 'expires_at', Enabled: true },
    });
  });

  it('can be restored to any point in time, and not be deleted by mistake', () => {
    expect(table.Properties.Replicas).toEqual([
      {
        Region: { Ref: 'AWS::Region' },
        DeletionProtectionEnabled: true,
        GlobalSecondaryIndexes: [{ IndexName: 'by-time' }],
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      },
    ]);
    expect(table).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  });
});

describe('the user pool', () => {
  const pool = template.only('AWS::Cognito::UserPool');
  const client = template.only('AWS::Cognito::UserPoolClient');

  it('lets nobody sign up, or recover an account, without an administrator', () => {
    expect(pool.Properties).toMatchObject({
      AdminCreateUserConfig: { AllowAdminCreateUserOnly: true },
      AccountRecoverySetting: { RecoveryMechanisms: [{ Name: 'admin_only', Priority: 1 }] },
    });
  });

  it('asks for strong passwords', () => {
    expect(pool.Properties.Policies.PasswordPolicy).toEqual({
      MinimumLength: 12,
      RequireLowercase: true,
      RequireUppercase: true,
      RequireNumbers: true,
      RequireSymbols: true,
      TemporaryPasswordValidityDays: 3,
    });
  });

  it('outlives the stack', () => {
    expect(pool).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    expect(pool.Properties.DeletionProtection).toBe('ACTIVE');
  });

  it('has a public client that signs in with a password and tells nobody who exists', () => {
    expect(client.Properties).toMatchObject({
      GenerateSecret: false,
      ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
      AllowedOAuthFlowsUserPoolClient: false,
      PreventUserExistenceErrors: 'ENABLED',
      EnableTokenRevocation: true,
    });
  });

  it('gives access for a day and renews it for a year, or as configured', () => {
    const units = { TokenValidityUnits: { AccessToken: 'minutes', RefreshToken: 'minutes' } };
    expect(client.Properties).toMatchObject({
      AccessTokenValidity: 24 * 60,
      RefreshTokenValidity: 365 * 24 * 60,
      ...units,
    });
    const tokens = { accessInHours: 1, sessionInDays: 30 };
    expect(synthesise({ tokens }).only('AWS::Cognito::UserPoolClient').Properties).toMatchObject({
      AccessTokenValidity: 60,
      RefreshTokenValidity: 30 * 24 * 60,
      ...units,
    });
  });
});
