import { describe, expect, it } from 'vitest';
import { interpretTemplate } from '../../template/interpreter.ts';
import { LAMBDA_TYPES, readEventSourceMappings, readFunctions } from '../../template/resources/lambda.ts';
import { SQS_TYPES } from '../../template/resources/sqs.ts';

const environment = {
  region: 'eu-central-1',
  accountId: '123456789012',
  partition: 'aws',
  urlSuffix: 'amazonaws.com',
  stackName: 'Stack',
};

const FUNCTION_ARN = 'arn:aws:lambda:eu-central-1:123456789012:function:Worker';
const QUEUE_ARN = 'arn:aws:sqs:eu-central-1:123456789012:Stack-Jobs';

const fn = (Properties: object = {}) => ({
  Type: 'AWS::Lambda::Function',
  Properties: {
    Code: { S3Bucket: 'assets', S3Key: 'worker.zip' },
    Handler: 'index.handler',
    Role: 'arn:aws:iam::123456789012:role/worker',
    Runtime: 'nodejs24.x',
    ...Properties,
  },
});

const mapping = (Properties: object = {}) => ({
  Type: 'AWS::Lambda::EventSourceMapping',
  Properties: {
    EventSourceArn: { 'Fn::GetAtt': ['Jobs', 'Arn'] },
    FunctionName: { Ref: 'Worker' },
    ...Properties,
  },
});

const interpret = (Resources: object) =>
  interpretTemplate(
    { Resources: { Worker: fn(), Jobs: { Type: 'AWS::SQS::Queue' }, ...Resources } as never },
    { environment, types: { ...LAMBDA_TYPES, ...SQS_TYPES } },
  );

describe('event source mappings of the template', () => {
  it('are read with Lambda’s defaults', () => {
    expect(readEventSourceMappings(interpret({ Mapping: mapping() }))).toEqual([
      {
        name: 'Mapping',
        queueArn: QUEUE_ARN,
        functionArn: FUNCTION_ARN,
        enabled: true,
        batchSize: 10,
        batchingWindowInSeconds: 0,
        reportsBatchItemFailures: false,
        maximumConcurrency: undefined,
      },
    ]);
  });

  it('are read with every setting', () => {
    const settings = {
      FunctionName: FUNCTION_ARN,
      BatchSize: 1000,
      MaximumBatchingWindowInSeconds: 20,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 2 },
      Enabled: false,
    };
    expect(readEventSourceMappings(interpret({ Mapping: mapping(settings) }))).toMatchObject([
      {
        functionArn: FUNCTION_ARN,
        enabled: false,
        batchSize: 1000,
        batchingWindowInSeconds: 20,
        reportsBatchItemFailures: true,
        maximumConcurrency: 2,
      },
    ]);
  });

  it.each([
    [{ BatchSize: 11 }, 'a BatchSize above 10 needs a MaximumBatchingWindowInSeconds of at least 1'],
    [{ BatchSize: 0 }, 'BatchSize is 0, and Lambda takes 1 to 10000'],
    [{ BatchSize: 10_001, MaximumBatchingWindowInSeconds: 1 }, 'BatchSize is 10001'],
    [{ MaximumBatchingWindowInSeconds: 301 }, 'MaximumBatchingWindowInSeconds is 301'],
    [{ ScalingConfig: { MaximumConcurrency: 1 } }, 'MaximumConcurrency is 1, and Lambda takes 2 to 1000'],
    [{ ScalingConfig: { Minimum: 1 } }, 'a ScalingConfig has no Minimum'],
    [{ FunctionResponseTypes: ['Other'] }, 'no function response type Other'],
    [{ FilterCriteria: { Filters: [] } }, 'FilterCriteria'],
    [{ StartingPosition: 'LATEST' }, 'StartingPosition'],
    [{ EventSourceArn: 'arn:aws:kinesis:eu-central-1:123456789012:stream/x' }, 'queues of SQS only'],
    [{ FunctionName: 'Other' }, 'Mapping: there is no function Other'],
  ])('are refused with %j', (properties, reason) => {
    expect(() => readEventSourceMappings(interpret({ Mapping: mapping(properties) }))).toThrow(reason);
  });

  it('are refused twice for the same queue and function', () => {
    const twice = interpret({ Mapping: mapping(), Again: mapping() });
    expect(() => readEventSourceMappings(twice)).toThrow('Again: Mapping maps the same queue');
  });
});

describe('functions of the template', () => {
  it('may have up to 15 minutes and 10 GB', () => {
    const template = interpret({
      Worker: fn({ Timeout: 900, MemorySize: 10_240, ReservedConcurrentExecutions: 5 }),
    });
    expect(readFunctions(template, () => '/code')).toMatchObject([
      { timeoutInSeconds: 900, memoryInMegabytes: 10_240, reservedConcurrency: 5 },
    ]);
    expect(readFunctions(interpret({}), () => '/code')[0]?.reservedConcurrency).toBeUndefined();
  });

  it.each([
    [{ Timeout: 901 }, 'Worker: Timeout is 901, and Lambda takes 1 to 900'],
    [{ Timeout: 0 }, 'Timeout is 0'],
    [{ ReservedConcurrentExecutions: 0 }, 'ReservedConcurrentExecutions is 0'],
    [{ MemorySize: 64 }, 'MemorySize is 64, and Lambda takes 128 to 10240'],
  ])('are refused with %j', (properties, reason) => {
    expect(() => readFunctions(interpret({ Worker: fn(properties) }), () => '/code')).toThrow(reason);
  });
});
