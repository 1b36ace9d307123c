import { describe, expect, it } from 'vitest';
import { type Json, synthesise } from './synthesise.ts';

const writes = synthesise({ auditTrail: { events: 'writes' } });
const all = synthesise({ auditTrail: { events: 'all', retentionInDays: 90 } });

const fieldsOf = (template: typeof writes): Json[] =>
  template
    .only('AWS::CloudTrail::Trail')
    .Properties.AdvancedEventSelectors[0].FieldSelectors.map(({ Field, Equals, StartsWith }: Json) => [
      Field,
      ...(Equals ?? StartsWith.map((arn: Json) => writes.text(arn))),
    ]);

describe('the audit trail', () => {
  const trail = writes.only('AWS::CloudTrail::Trail');
  const records = writes.target(trail.Properties.S3BucketName);

  it('does not exist by default', () => {
    expect(synthesise().ofType('AWS::CloudTrail::Trail')).toEqual([]);
  });

  it('records uploads and removals in the media bucket, and nothing else', () => {
    expect(fieldsOf(writes)).toEqual([
      ['eventCategory', 'Data'],
      ['resources.type', 'AWS::S3::Object'],
      ['resources.ARN', '<AWS::S3::Bucket.Arn>/'],
      ['readOnly', 'false'],
    ]);
    const [selector] = trail.Properties.AdvancedEventSelectors;
    expect(writes.target(selector.FieldSelectors[2].StartsWith[0]['Fn::Join'][1][0])).toMatchObject({
      Properties: { VersioningConfiguration: { Status: 'Enabled' } },
    });
  });

  it('records downloads too, if configured', () => {
    expect(fieldsOf(all)).toEqual([
      ['eventCategory', 'Data'],
      ['resources.type', 'AWS::S3::Object'],
      ['resources.ARN', '<AWS::S3::Bucket.Arn>/'],
    ]);
  });

  it('is enabled from the start, with digest files', () => {
    expect(trail.Properties).toMatchObject({
      IsLogging: true,
      EnableLogFileValidation: true,
      IsMultiRegionTrail: false,
      IncludeGlobalServiceEvents: false,
    });
  });

  it('writes to its own bucket, which is retained', () => {
    expect(records.Type).toBe('AWS::S3::Bucket');
    expect(records.DeletionPolicy).toBe('RetainExceptOnCreate');
    expect(writes.text(writes.json.Outputs.AuditBucketName.Value)).toBe('<AWS::S3::Bucket>');
  });

  it.each([
    ['a year', writes, 365],
    ['as long as configured', all, 90],
  ])('keeps its records for %s', (_title, template, days) => {
    const bucket = template.target(template.only('AWS::CloudTrail::Trail').Properties.S3BucketName);
    expect(bucket.Properties.LifecycleConfiguration.Rules).toEqual([
      { Id: 'expiry', Status: 'Enabled', ExpirationInDays: days },
    ]);
  });

  it('is the only writer there, below the path of the account', () => {
    const policy = writes
      .ofType('AWS::S3::BucketPolicy')
      .find(({ Properties }) => Properties.Bucket.Ref === records.id);
    expect(trail.DependsOn).toContain(policy?.id);
    const allowed = policy?.Properties.PolicyDocument.Statement.filter(
      ({ Effect }: Json) => Effect === 'Allow',
    );
    const trails = 'arn:<AWS::Partition>:cloudtrail:<AWS::Region>:<AWS::AccountId>:trail/*';
    expect(
      allowed.map(({ Action, Principal, Resource, Condition }: Json) => [
        Action,
        Principal.Service,
        writes.text(Resource),
        writes.text(Condition.ArnLike['aws:SourceArn']),
      ]),
    ).toEqual([
      ['s3:GetBucketAcl', 'cloudtrail.amazonaws.com', '<AWS::S3::Bucket.Arn>', trails],
      [
        's3:PutObject',
        'cloudtrail.amazonaws.com',
        '<AWS::S3::Bucket.Arn>/AWSLogs/<AWS::AccountId>/*',
        trails,
      ],
    ]);
  });
});
