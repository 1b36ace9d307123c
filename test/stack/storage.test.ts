import { describe, expect, it } from 'vitest';
import { type Json, synthesise } from './synthesise.ts';

const template = synthesise();

describe('the bucket', () => {
  const bucket = template.only('AWS::S3::Bucket');
  const rulesOf = (lifecycle: Json): Json[] =>
    synthesise({ lifecycle }).only('AWS::S3::Bucket').Properties.LifecycleConfiguration.Rules;

  it('keeps every version, encrypted, for its owner only', () => {
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

  it('is retained', () => {
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

  it('notifies its queue of all new and removed versions', () => {
    const { QueueConfigurations } = bucket.Properties.NotificationConfiguration;
    expect(QueueConfigurations.map(({ Event }: Json) => Event)).toEqual([
      's3:ObjectCreated:*',
      's3:ObjectRemoved:*',
      's3:LifecycleExpiration:*',
    ]);
    const queues = QueueConfigurations.map(({ Queue }: Json) => template.target(Queue).id);
    expect(new Set(queues).size).toBe(1);
  });

  it('lets pages of every origin read with a signed address, also after a redirect, and nothing else', () => {
    expect(bucket.Properties.CorsConfiguration.CorsRules).toEqual([
      {
        AllowedOrigins: ['*'],
        AllowedMethods: ['GET', 'HEAD'],
        AllowedHeaders: ['*'],
        ExposedHeaders: expect.arrayContaining(['content-length', 'etag']),
        MaxAge: 3600,
      },
    ]);
  });

  it('is created after the queue policy, which allows the account and not the bucket', () => {
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

  it('by default only aborts incomplete uploads', () => {
    expect(bucket.Properties.LifecycleConfiguration.Rules).toEqual([
      {
        Id: 'unfinished-uploads',
        Status: 'Enabled',
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
      },
    ]);
  });

  it('moves and expires current versions as configured, and no earlier ones', () => {
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

  it('has the keys, billing and time to live of the catalog', () => {
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

  it('has point-in-time recovery and deletion protection', () => {
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

  it('allows sign-up and account recovery only by an administrator', () => {
    expect(pool.Properties).toMatchObject({
      AdminCreateUserConfig: { AllowAdminCreateUserOnly: true },
      AccountRecoverySetting: { RecoveryMechanisms: [{ Name: 'admin_only', Priority: 1 }] },
    });
  });

  it('requires strong passwords', () => {
    expect(pool.Properties.Policies.PasswordPolicy).toEqual({
      MinimumLength: 12,
      RequireLowercase: true,
      RequireUppercase: true,
      RequireNumbers: true,
      RequireSymbols: true,
      TemporaryPasswordValidityDays: 3,
    });
  });

  it('is retained', () => {
    expect(pool).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    expect(pool.Properties.DeletionProtection).toBe('ACTIVE');
  });

  it('has a public client with password sign-in, which does not reveal who exists', () => {
    expect(client.Properties).toMatchObject({
      GenerateSecret: false,
      ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
      AllowedOAuthFlowsUserPoolClient: false,
      PreventUserExistenceErrors: 'ENABLED',
      EnableTokenRevocation: true,
    });
  });

  it('issues access tokens for a day and renews them for a year, or as configured', () => {
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
