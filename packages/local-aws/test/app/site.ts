import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import {
  AllowedMethods,
  type BehaviorOptions,
  CacheHeaderBehavior,
  CachePolicy,
  CacheQueryStringBehavior,
  Distribution,
  type DistributionProps,
  Function as EdgeFunction,
  FunctionCode,
  FunctionEventType,
  FunctionRuntime,
  HeadersFrameOption,
  HeadersReferrerPolicy,
  OriginRequestPolicy,
  ResponseHeadersPolicy,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { Code, Function as LambdaFn, Runtime } from 'aws-cdk-lib/aws-lambda';
import { BlockPublicAccess, Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import { BucketDeployment, CacheControl, Source } from 'aws-cdk-lib/aws-s3-deployment';
import { CfnOutput, Duration, Fn } from 'aws-cdk-lib/core';
import type { StationsStack } from './stations-stack.ts';

export const CONTENT_SECURITY_POLICY = "default-src 'self'; frame-ancestors 'none'";

export const INDEX_PAGE = `<!doctype html><title>Stations</title>${'<p>Fair weather.</p>'.repeat(200)}`;
export const STYLE = `body { color: navy }\n${'p { margin: 0 }\n'.repeat(100)}`;

/** Answers with the event that it got. `?status=…` and `?age=…` say how. */
const ECHO = `
let calls = 0;
export async function handler(event) {
  const { status = '200', age, cookie } = event.queryStringParameters ?? {};
  const { rawPath, rawQueryString, headers, cookies = [], body } = event;
  return {
    statusCode: Number(status),
    headers: {
      'content-type': 'application/json',
      'x-powered-by': 'echo',
      ...(age ? { 'cache-control': 'max-age=' + age } : {}),
    },
    ...(cookie ? { cookies: [cookie] } : {}),
    body: JSON.stringify({ calls: ++calls, method: event.requestContext.http.method, rawPath, rawQueryString, headers, cookies, body }),
  };
}
`;

/** Sends people to the folder of the report they ask for by its old address. */
const OLD_ADDRESSES = `
async function handler(event) {
  const { request } = event;
  if (request.uri === '/old') {
    return {
      statusCode: 302,
      headers: { location: { value: '/reports/' } },
      cookies: { seen: { value: 'yes', attributes: 'Secure' } },
      body: { encoding: 'text', data: 'moved' },
    };
  }
  if (request.uri === '/broken') throw new Error('out of order');
  if (request.uri.endsWith('/')) request.uri += 'index.html';
  return request;
}
`;

const STAMP = `
function handler(event) {
  const { response } = event;
  response.headers['x-stamp'] = { value: event.context.eventType + ' ' + response.statusCode };
  return response;
}
`;

/** What a test changes. */
export interface SiteOptions {
  /** A folder of the test, for the files of the site. */
  readonly folder: string;
  readonly distribution?: Partial<DistributionProps>;
  readonly pages?: Partial<BehaviorOptions>;
  readonly deployment?: Partial<ConstructorParameters<typeof BucketDeployment>[2]>;
}

/**
 * A site for the stations: pages from a private bucket, and the API behind the same address, with the
 * functions and policies that a distribution can have.
 */
export function addSite(stack: StationsStack, options: SiteOptions): void {
  const files = join(options.folder, 'site');
  mkdirSync(join(files, 'reports'), { recursive: true });
  writeFileSync(join(files, 'index.html'), INDEX_PAGE);
  writeFileSync(join(files, 'style.css'), STYLE);
  writeFileSync(join(files, 'lost.html'), '<title>There is no such page</title>');
  writeFileSync(join(files, 'reports', 'index.html'), '<title>Reports</title>');
  const echoCode = join(options.folder, 'echo');
  mkdirSync(echoCode, { recursive: true });
  writeFileSync(join(echoCode, 'index.mjs'), ECHO);

  // TypeScript's exact optional properties do not know that a bucket is one.
  const pages = new Bucket(stack, 'Pages', {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    enforceSSL: true,
  }) as IBucket;
  const foreign = new Bucket(stack, 'Foreign') as IBucket;
  const echo = new LambdaFn(stack, 'Echo', {
    code: Code.fromAsset(echoCode),
    handler: 'index.handler',
    runtime: Runtime.NODEJS_24_X,
  });
  for (const path of ['/api/{proxy+}', '/cached/{proxy+}', '/bare/{proxy+}']) {
    stack.api.addRoutes({
      path,
      methods: [HttpMethod.ANY],
      integration: new HttpLambdaIntegration(`Echo${path.slice(1, 4)}`, echo),
    });
  }
  const api = new HttpOrigin(Fn.select(2, Fn.split('/', stack.api.apiEndpoint)), {
    customHeaders: { 'X-From': 'the edge' },
  });
  const headers = new ResponseHeadersPolicy(stack, 'Security', {
    securityHeadersBehavior: {
      contentSecurityPolicy: { contentSecurityPolicy: CONTENT_SECURITY_POLICY, override: true },
      contentTypeOptions: { override: true },
      frameOptions: { frameOption: HeadersFrameOption.DENY, override: true },
      referrerPolicy: { referrerPolicy: HeadersReferrerPolicy.NO_REFERRER, override: true },
      strictTransportSecurity: {
        accessControlMaxAge: Duration.days(365),
        includeSubdomains: true,
        override: true,
      },
    },
    customHeadersBehavior: {
      customHeaders: [
        { header: 'Permissions-Policy', value: 'camera=()', override: true },
        { header: 'Cache-Control', value: 'max-age=5', override: false },
      ],
    },
    removeHeaders: ['X-Powered-By'],
  });
  const function_ = (id: string, code: string) =>
    new EdgeFunction(stack, id, {
      code: FunctionCode.fromInline(code),
      runtime: FunctionRuntime.JS_2_0,
    });
  const distribution = new Distribution(stack, 'Site', {
    defaultRootObject: 'index.html',
    defaultBehavior: {
      origin: S3BucketOrigin.withOriginAccessControl(pages),
      viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      responseHeadersPolicy: headers,
      functionAssociations: [
        { function: function_('OldAddresses', OLD_ADDRESSES), eventType: FunctionEventType.VIEWER_REQUEST },
        { function: function_('Stamp', STAMP), eventType: FunctionEventType.VIEWER_RESPONSE },
      ],
      ...options.pages,
    },
    additionalBehaviors: {
      '/api/*': {
        origin: api,
        allowedMethods: AllowedMethods.ALLOW_ALL,
        cachePolicy: CachePolicy.CACHING_DISABLED,
        originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
        responseHeadersPolicy: headers,
        viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
      },
      '/stations/*': {
        origin: api,
        cachePolicy: CachePolicy.CACHING_DISABLED,
        originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
      },
      '/cached/*': {
        origin: api,
        cachePolicy: new CachePolicy(stack, 'ByLanguage', {
          minTtl: Duration.seconds(0),
          defaultTtl: Duration.seconds(0),
          maxTtl: Duration.hours(1),
          headerBehavior: CacheHeaderBehavior.allowList('Accept-Language'),
          queryStringBehavior: CacheQueryStringBehavior.denyList('session'),
        }),
      },
      '/bare/*': { origin: api, cachePolicy: CachePolicy.CACHING_DISABLED },
      '/unsigned/*': { origin: S3BucketOrigin.withBucketDefaults(pages) },
      // A bucket that does not know the distribution.
      '/foreign/*': {
        origin: S3BucketOrigin.withOriginAccessControl(
          Bucket.fromBucketName(stack, 'ForeignByName', foreign.bucketName),
        ),
      },
    },
    errorResponses: [
      { httpStatus: 403, responseHttpStatus: 404, responsePagePath: '/lost.html', ttl: Duration.seconds(0) },
    ],
    ...options.distribution,
  });
  new BucketDeployment(stack, 'Deployment', {
    sources: [Source.asset(files), Source.jsonData('settings.json', { api: stack.api.apiEndpoint })],
    destinationBucket: pages,
    cacheControl: [CacheControl.fromString('max-age=60')],
    distribution,
    ...options.deployment,
  });
  new CfnOutput(stack, 'SiteUrl', { value: `https://${distribution.distributionDomainName}` });
  new CfnOutput(stack, 'PagesName', { value: pages.bucketName });
  new CfnOutput(stack, 'ForeignName', { value: foreign.bucketName });
}
