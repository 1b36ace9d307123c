import { describe, expect, it } from 'vitest';
import { interpretTemplate } from '../../template/interpreter.ts';
import { readDistributions } from '../../template/resources/cloudfront.ts';
import { RESOURCE_TYPES } from '../../template/resources/index.ts';

const environment = {
  region: 'eu-central-1',
  accountId: '123456789012',
  partition: 'aws',
  urlSuffix: 'amazonaws.com',
  stackName: 'Stack',
};

const CACHING_OPTIMIZED = '658327ea-f89d-4fab-a63d-7e88639e58f6';
const CACHING_DISABLED = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad';
const ALL_VIEWER = '216adef6-5c7f-47e4-b989-5492eafa07d3';

type Parts = Readonly<Record<string, unknown>>;

/** What a test changes in a distribution that is right. */
interface Changes {
  readonly config?: Parts | undefined;
  readonly behavior?: Parts | undefined;
  readonly origin?: Parts | undefined;
  readonly resources?: Parts | undefined;
}

function read({ config, behavior, origin, resources }: Changes = {}) {
  const Resources = {
    Pages: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'pages' } },
    Control: {
      Type: 'AWS::CloudFront::OriginAccessControl',
      Properties: {
        OriginAccessControlConfig: {
          Name: 'control',
          OriginAccessControlOriginType: 's3',
          SigningBehavior: 'always',
          SigningProtocol: 'sigv4',
        },
      },
    },
    Site: {
      Type: 'AWS::CloudFront::Distribution',
      Properties: {
        DistributionConfig: {
          Enabled: true,
          DefaultCacheBehavior: {
            CachePolicyId: CACHING_OPTIMIZED,
            TargetOriginId: 'pages',
            ViewerProtocolPolicy: 'redirect-to-https',
            ...behavior,
          },
          Origins: [
            {
              Id: 'pages',
              DomainName: { 'Fn::GetAtt': ['Pages', 'RegionalDomainName'] },
              S3OriginConfig: { OriginAccessIdentity: '' },
              OriginAccessControlId: { 'Fn::GetAtt': ['Control', 'Id'] },
              ...origin,
            },
          ],
          ...config,
        },
      },
    },
    ...resources,
  };
  const template = interpretTemplate(
    { Resources: Resources as never },
    { environment, types: RESOURCE_TYPES },
  );
  return readDistributions(template)[0];
}

const API = {
  Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'api', ProtocolType: 'HTTP' } },
  Stage: {
    Type: 'AWS::ApiGatewayV2::Stage',
    Properties: { ApiId: { Ref: 'Api' }, StageName: '$default' },
  },
};
const apiOrigin = (custom: Parts = { OriginProtocolPolicy: 'https-only' }) => ({
  Id: 'pages',
  DomainName: { 'Fn::Select': [2, { 'Fn::Split': ['/', { 'Fn::GetAtt': ['Api', 'ApiEndpoint'] }] }] },
  CustomOriginConfig: custom,
});

/** A policy of a behavior, and a behavior that has it. */
const withPolicy = (type: string, property: string, config: Parts, reference: string): Changes => ({
  resources: { Policy: { Type: `AWS::CloudFront::${type}`, Properties: { [property]: config } } },
  behavior: { [reference]: { Ref: 'Policy' } },
});
const NONE = {
  CookiesConfig: { CookieBehavior: 'none' },
  HeadersConfig: { HeaderBehavior: 'none' },
  QueryStringsConfig: { QueryStringBehavior: 'none' },
};
const cachePolicy = (config: Parts, parameters: Parts = {}) =>
  withPolicy(
    'CachePolicy',
    'CachePolicyConfig',
    {
      Name: 'policy',
      MinTTL: 0,
      DefaultTTL: 60,
      MaxTTL: 3600,
      ParametersInCacheKeyAndForwardedToOrigin: {
        ...NONE,
        EnableAcceptEncodingGzip: false,
        EnableAcceptEncodingBrotli: false,
        ...parameters,
      },
      ...config,
    },
    'CachePolicyId',
  );
const originRequestPolicy = (config: Parts) =>
  withPolicy(
    'OriginRequestPolicy',
    'OriginRequestPolicyConfig',
    { Name: 'policy', ...NONE, ...config },
    'OriginRequestPolicyId',
  );
const responseHeadersPolicy = (config: Parts) =>
  withPolicy(
    'ResponseHeadersPolicy',
    'ResponseHeadersPolicyConfig',
    { Name: 'policy', ...config },
    'ResponseHeadersPolicyId',
  );
const customHeader = (Header: string) =>
  responseHeadersPolicy({ CustomHeadersConfig: { Items: [{ Header, Value: 'x', Override: true }] } });
const securityHeader = (SecurityHeadersConfig: Parts) => responseHeadersPolicy({ SecurityHeadersConfig });
const removed = (Header: string) => responseHeadersPolicy({ RemoveHeadersConfig: { Items: [{ Header }] } });
const viewerFunction = (properties: Parts, associations = 1): Changes => ({
  resources: {
    Fn: {
      Type: 'AWS::CloudFront::Function',
      Properties: {
        Name: 'rewrite',
        AutoPublish: true,
        FunctionCode: 'function handler(event) { return event.request; }',
        FunctionConfig: { Comment: '', Runtime: 'cloudfront-js-2.0' },
        ...properties,
      },
    },
  },
  behavior: {
    FunctionAssociations: Array.from({ length: associations }, () => ({
      EventType: 'viewer-request',
      FunctionARN: { 'Fn::GetAtt': ['Fn', 'FunctionARN'] },
    })),
  },
});
const errorResponse = (response: Parts): Changes => ({ config: { CustomErrorResponses: [response] } });
const pathBehavior = (PathPattern: string) => ({
  PathPattern,
  CachePolicyId: CACHING_DISABLED,
  TargetOriginId: 'pages',
  ViewerProtocolPolicy: 'https-only',
});

describe('a distribution', () => {
  it('is read with ids that stay the same, and the default behavior last', () => {
    const config = { CacheBehaviors: [pathBehavior('/a/*'), pathBehavior('/*.jpg')] };
    const distribution = read({ config });
    expect(distribution).toMatchObject({
      id: expect.stringMatching(/^E[0-9A-Z]{13}$/),
      domainName: expect.stringMatching(/^d[0-9a-z]{13}\.cloudfront\.net$/),
      arn: `arn:aws:cloudfront::123456789012:distribution/${distribution?.id}`,
      logged: false,
    });
    expect(read()?.id).toBe(distribution?.id);
    expect(distribution?.behaviors.map(({ pathPattern }) => pathPattern)).toEqual(['/a/*', '/*.jpg', '*']);
    expect(distribution?.behaviors.at(-1)).toMatchObject({
      methods: ['GET', 'HEAD'],
      compress: false,
      origin: {
        kind: 'bucket',
        bucketName: 'pages',
        signing: 'always',
        responseTimeoutInMilliseconds: 30_000,
      },
    });
  });

  it.each<[string, Changes, string]>([
    ['an unknown property', { config: { Staging: true } }, 'does not support Staging'],
    ['origin groups', { config: { OriginGroups: {} } }, 'does not support OriginGroups'],
    ['restrictions', { config: { Restrictions: {} } }, 'does not support Restrictions'],
    ['one that is off', { config: { Enabled: false } }, 'serves nothing'],
    ['a root object with a slash', { config: { DefaultRootObject: '/index.html' } }, 'begins with no slash'],
    ['Lambda@Edge', { behavior: { LambdaFunctionAssociations: [] } }, 'does not support LambdaFunction'],
    ['signed URLs', { behavior: { TrustedKeyGroups: [] } }, 'does not support TrustedKeyGroups'],
    ['forwarded values', { behavior: { ForwardedValues: {} } }, 'does not support ForwardedValues'],
    ['no cache policy', { behavior: { CachePolicyId: undefined } }, 'CachePolicyId is missing'],
    ['an unknown cache policy', { behavior: { CachePolicyId: 'x' } }, 'knows no cache policy x'],
    ['an unknown origin', { behavior: { TargetOriginId: 'x' } }, 'there is no origin x'],
    ['an unknown protocol', { behavior: { ViewerProtocolPolicy: 'http' } }, 'is not one of allow-all'],
    ['other methods', { behavior: { AllowedMethods: ['GET', 'POST'] } }, 'takes no AllowedMethods GET, POST'],
    [
      'cached methods that are not allowed',
      { behavior: { CachedMethods: ['GET', 'HEAD', 'OPTIONS'] } },
      'CloudFront caches GET, HEAD and OPTIONS, when they are allowed',
    ],
    [
      'two behaviors for a path',
      { config: { CacheBehaviors: [pathBehavior('/a/*'), pathBehavior('a/*')] } },
      'two behaviors have the path pattern',
    ],
    ['a path with a space', { config: { CacheBehaviors: [pathBehavior('/a b')] } }, 'takes no path pattern'],
    [
      'two origins of one name',
      { config: { Origins: [apiOrigin(), apiOrigin()] }, resources: API },
      'two origins',
    ],
  ])('is refused for %s', (_what, changes, reason) => {
    expect(() => read(changes)).toThrow(reason);
  });

  it('is not read when a bucket for its log takes no access control lists', () => {
    const Bucket = { 'Fn::GetAtt': ['Logs', 'RegionalDomainName'] };
    const logs = (OwnershipControls?: Parts) => ({
      Logs: { Type: 'AWS::S3::Bucket', Properties: { OwnershipControls } },
    });
    const config = { Logging: { Bucket } };
    expect(() => read({ config, resources: logs() })).toThrow('takes no access control lists');
    const rules = { Rules: [{ ObjectOwnership: 'ObjectWriter' }] };
    expect(read({ config, resources: logs(rules) })?.logged).toBe(true);
  });
});

describe('an origin', () => {
  it.each<[string, Changes, string]>([
    ['another host', { origin: { DomainName: 'example.com' } }, 'not example.com'],
    [
      'an origin access identity',
      { origin: { S3OriginConfig: { OriginAccessIdentity: 'x' } } },
      'access identities',
    ],
    ['an unknown access control', { origin: { OriginAccessControlId: 'x' } }, 'no origin access control x'],
    ['a path without a slash', { origin: { OriginPath: 'pages' } }, 'begins with a slash'],
    ['a path with two', { origin: { OriginPath: '/pages/' } }, 'does not end with one'],
    ['an unknown property', { origin: { VpcOriginConfig: {} } }, 'does not support VpcOriginConfig'],
    [
      'a long response timeout',
      { config: { Origins: [apiOrigin({ OriginReadTimeout: 500 })] }, resources: API },
      'CloudFront takes 1 to 120',
    ],
    [
      'an API without TLS',
      { config: { Origins: [apiOrigin({ OriginProtocolPolicy: 'http-only' })] }, resources: API },
      'does not answer plain HTTP',
    ],
    [
      'an access control for something else than S3',
      {
        resources: {
          Control: {
            Type: 'AWS::CloudFront::OriginAccessControl',
            Properties: { OriginAccessControlConfig: { OriginAccessControlOriginType: 'lambda' } },
          },
        },
      },
      'is not one of s3',
    ],
  ])('is refused for %s', (_what, changes, reason) => {
    expect(() => read(changes)).toThrow(reason);
  });

  it('is asked for its custom domain, which may be the only one', () => {
    const resources = {
      ...API,
      Domain: { Type: 'AWS::ApiGatewayV2::DomainName', Properties: { DomainName: 'api.example.com' } },
      Mapping: {
        Type: 'AWS::ApiGatewayV2::ApiMapping',
        Properties: { ApiId: { Ref: 'Api' }, DomainName: { Ref: 'Domain' }, Stage: { Ref: 'Stage' } },
      },
    };
    const DomainName = 'api.example.com';
    const origin = read({ config: { Origins: [{ ...apiOrigin(), DomainName }] }, resources })?.behaviors[0]
      ?.origin;
    expect(origin).toMatchObject({ kind: 'api', host: 'api.example.com' });
    const closed = {
      ...API.Api,
      Properties: { ...API.Api.Properties, DisableExecuteApiEndpoint: true },
    };
    expect(() =>
      read({ config: { Origins: [apiOrigin()] }, resources: { ...resources, Api: closed } }),
    ).toThrow('serves its custom domains only');
  });

  it('does not get the host of the viewer, with which API and S3 find nothing', () => {
    const OriginRequestPolicyId = ALL_VIEWER;
    expect(() => read({ behavior: { OriginRequestPolicyId } })).toThrow('S3 finds no bucket');
    expect(() =>
      read({ behavior: { OriginRequestPolicyId }, config: { Origins: [apiOrigin()] }, resources: API }),
    ).toThrow('the HTTP API answers 403');
    const HeadersConfig = { HeaderBehavior: 'allExcept', Headers: ['Cookie'] };
    expect(() => read(originRequestPolicy({ HeadersConfig }))).toThrow('S3 finds no bucket');
  });
});

describe('a policy', () => {
  it('says what is cached, and what the origin gets', () => {
    const { resources, behavior } = cachePolicy(
      {},
      {
        HeadersConfig: { HeaderBehavior: 'whitelist', Headers: ['X-Auth-Token'] },
        QueryStringsConfig: { QueryStringBehavior: 'allExcept', QueryStrings: ['t'] },
        EnableAcceptEncodingGzip: true,
      },
    );
    expect(read({ resources, behavior })?.behaviors[0]?.cachePolicy).toEqual({
      minTtlInSeconds: 0,
      defaultTtlInSeconds: 60,
      maxTtlInSeconds: 3600,
      headers: { mode: 'only', names: new Set(['x-auth-token']) },
      cookies: { mode: 'none', names: new Set() },
      queryStrings: { mode: 'except', names: new Set(['t']) },
      gzip: true,
      brotli: false,
    });
  });

  it('says which headers responses get and lose', () => {
    const changes = responseHeadersPolicy({
      SecurityHeadersConfig: {
        XSSProtection: { Protection: true, ReportUri: '/report', Override: false },
        StrictTransportSecurity: { AccessControlMaxAgeSec: 5, Preload: true, Override: true },
      },
      CustomHeadersConfig: { Items: [{ Header: 'X-Empty', Override: true }] },
      RemoveHeadersConfig: { Items: [{ Header: 'Server' }] },
    });
    expect(read(changes)?.behaviors[0]?.responseHeadersPolicy).toEqual({
      set: [
        { name: 'strict-transport-security', value: 'max-age=5; preload', override: true },
        { name: 'x-xss-protection', value: '1; report=/report', override: false },
        { name: 'x-empty', value: '', override: true },
      ],
      remove: new Set(['server']),
    });
  });

  it.each<[string, Changes, string]>([
    ['times out of order', cachePolicy({ MaxTTL: 30 }), 'must not decrease'],
    ['a time that is none', cachePolicy({ MinTTL: -1 }), 'MinTTL is not a number of seconds'],
    [
      'a key without a cache',
      cachePolicy(
        { DefaultTTL: 0, MaxTTL: 0 },
        { HeadersConfig: { HeaderBehavior: 'whitelist', Headers: ['x-auth-token'] } },
      ),
      'with a MaxTTL of 0 there is no cache key',
    ],
    [
      'compression without a cache',
      cachePolicy({ DefaultTTL: 0, MaxTTL: 0 }, { EnableAcceptEncodingGzip: true }),
      'with a MaxTTL of 0',
    ],
    [
      'all headers in a key',
      cachePolicy({}, { HeadersConfig: { HeaderBehavior: 'allViewer' } }),
      'HeaderBehavior is not one of none, whitelist',
    ],
    [
      'an empty list',
      cachePolicy({}, { CookiesConfig: { CookieBehavior: 'whitelist' } }),
      'Cookies does not go with whitelist',
    ],
    [
      'where a viewer is',
      cachePolicy(
        {},
        { HeadersConfig: { HeaderBehavior: 'whitelist', Headers: ['CloudFront-Viewer-Country'] } },
      ),
      'does not add the header cloudfront-viewer-country',
    ],
    [
      'an authorization that is not in the key',
      originRequestPolicy({ HeadersConfig: { HeaderBehavior: 'whitelist', Headers: ['Authorization'] } }),
      'CloudFront takes authorization in a cache policy only',
    ],
    ['CORS', responseHeadersPolicy({ CorsConfig: {} }), 'does not support CorsConfig'],
    ['Server-Timing', responseHeadersPolicy({ ServerTimingHeadersConfig: {} }), 'ServerTimingHeadersConfig'],
    ['a security header as a custom one', customHeader('Content-Security-Policy'), 'as a security header'],
    ['a CORS header as a custom one', customHeader('Access-Control-Allow-Origin'), 'as a CORS header'],
    ['no override', securityHeader({ ContentTypeOptions: {} }), 'Override is missing'],
    [
      'a long policy of content',
      securityHeader({ ContentSecurityPolicy: { ContentSecurityPolicy: 'x'.repeat(1784), Override: true } }),
      'it has 1784 characters, and CloudFront takes 1783',
    ],
    [
      'an unknown frame option',
      securityHeader({ FrameOptions: { FrameOption: 'ALLOW', Override: true } }),
      'is not one of DENY, SAMEORIGIN',
    ],
    [
      'a blocking mode beside a report',
      securityHeader({
        XSSProtection: { Protection: true, ModeBlock: true, ReportUri: '/r', Override: true },
      }),
      'exclude each other',
    ],
    ['removal of a length', removed('Content-Length'), 'CloudFront does not remove content-length'],
    ["removal of CloudFront's own", removed('X-Amz-Cf-Id'), 'CloudFront does not remove x-amz-cf-id'],
  ])('is refused for %s', (_what, changes, reason) => {
    expect(() => read(changes)).toThrow(reason);
  });
});

describe('a function', () => {
  it('has the limits of CloudFront', () => {
    expect(read(viewerFunction({}))?.behaviors[0]?.viewerRequest?.label).toBe('Fn');
  });

  it.each<[string, Changes, string]>([
    ['too much code', viewerFunction({ FunctionCode: `//${'x'.repeat(10_239)}` }), 'CloudFront takes 10240'],
    ['code that is none', viewerFunction({ FunctionCode: 'function handler(' }), 'Fn: its code cannot run'],
    ['no handler', viewerFunction({ FunctionCode: 'function main() {}' }), 'it has no function handler'],
    [
      'another runtime',
      viewerFunction({ FunctionConfig: { Runtime: 'cloudfront-js-1.0' } }),
      'cloudfront-js-2.0',
    ],
    [
      'a key-value store',
      viewerFunction({ FunctionConfig: { KeyValueStoreAssociations: [] } }),
      'KeyValueStore',
    ],
    ['not being published', viewerFunction({ AutoPublish: false }), 'only published functions'],
    ['a second one for an event', viewerFunction({}, 2), 'two functions for viewer-request'],
    ['a module', viewerFunction({ FunctionCode: 'require("fs"); function handler() {}' }), 'no module fs'],
    ['evaluated text', viewerFunction({ FunctionCode: 'eval("1"); function handler() {}' }), 'cannot run'],
  ])('is refused for %s', (_what, changes, reason) => {
    expect(() => read(changes)).toThrow(reason);
  });
});

describe('an error response', () => {
  it('has a page, a status and a time', () => {
    const response = { ErrorCode: 404, ResponseCode: 200, ResponsePagePath: '/lost.html' };
    const { errorResponses } = read({ config: { CustomErrorResponses: [response] } }) ?? {};
    expect(errorResponses?.get(404)).toEqual({
      cachingMinTtlInSeconds: 10,
      page: { path: '/lost.html', statusCode: 200 },
    });
  });

  it.each<[Parts, string]>([
    [{ ErrorCode: 401 }, 'no custom responses for 401'],
    [{ ErrorCode: 404, ResponsePagePath: '/lost.html' }, 'come together'],
    [{ ErrorCode: 404, ResponseCode: 200 }, 'come together'],
    [{ ErrorCode: 404, ResponseCode: 302, ResponsePagePath: '/lost.html' }, 'takes no ResponseCode 302'],
    [{ ErrorCode: 404, ResponseCode: 200, ResponsePagePath: 'lost.html' }, 'begins with a slash'],
  ])('is refused: %j', (response, reason) => {
    expect(() => read(errorResponse(response))).toThrow(reason);
  });
});
