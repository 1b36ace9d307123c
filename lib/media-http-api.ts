import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  ApiMapping,
  type CfnStage,
  CorsHttpMethod,
  DomainName,
  EndpointType,
  HttpApi,
  type HttpMethod,
  HttpNoneAuthorizer,
  HttpRoute,
  HttpRouteKey,
  HttpStage,
  LogGroupLogDestination,
  SecurityPolicy,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { CfnOutput, Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { RowOf } from '../functions/manifest.ts';
import type { Configuration } from './configuration.ts';
import type { EndpointFunction } from './endpoint-function.ts';
import type { Identity } from './identity.ts';
import type { LibraryFunctions } from './library-functions.ts';

type Throttling = Configuration['throttling'];

/** Of each route that needs no token. */
const OPEN_ROUTE_THROTTLING: Throttling = { rateLimit: 20, burstLimit: 40 };

/** Of preflight requests: a browser sends one for each address, and a page has many pictures. */
const PREFLIGHT_THROTTLING: Throttling = { rateLimit: 100, burstLimit: 500 };

/** One line of the access log. It has no headers, query or claims, which may hold tokens. */
const ACCESS_LOG_LINE = {
  requestId: '$context.requestId',
  time: '$context.requestTime',
  sourceIp: '$context.identity.sourceIp',
  userAgent: '$context.identity.userAgent',
  method: '$context.httpMethod',
  path: '$context.path',
  routeKey: '$context.routeKey',
  status: '$context.status',
  responseLength: '$context.responseLength',
  responseLatency: '$context.responseLatency',
  integrationLatency: '$context.integrationLatency',
  integrationStatus: '$context.integrationStatus',
  integrationError: '$context.integrationErrorMessage',
  authorizerError: '$context.authorizer.error',
};

/** What the HTTP API is made from. */
export interface MediaHttpApiProps
  extends Pick<Configuration, 'apiDomain' | 'consoleOrigins' | 'throttling' | 'logRetentionInDays'> {
  /** Whose tokens it accepts. */
  readonly identity: Identity;
  /** The functions; those with routes are behind this API. */
  readonly functions: LibraryFunctions;
}

/** The HTTP API: checks tokens before a function runs, limits every route, and logs every request. */
export class MediaHttpApi extends Construct {
  /** Its metrics are those of the API. */
  readonly stage: HttpStage;
  /** One line a request. */
  readonly accessLogs: LogGroup;
  private readonly api: HttpApi;
  private readonly authorizer: HttpJwtAuthorizer;
  private readonly scopes: string[];
  private readonly throttling: Throttling;
  private readonly routeSettings: Record<string, object> = {};

  constructor(scope: Construct, id: string, props: MediaHttpApiProps) {
    super(scope, id);
    this.throttling = props.throttling;
    this.scopes = props.identity.scopes;
    this.api = new HttpApi(this, 'Api', {
      apiName: Stack.of(this).stackName,
      description: 'Media library for DJI devices',
      createDefaultStage: false,
      ...(props.consoleOrigins.length > 0 && {
        corsPreflight: {
          allowOrigins: props.consoleOrigins,
          allowMethods: [CorsHttpMethod.GET, CorsHttpMethod.POST],
          allowHeaders: ['content-type', 'x-auth-token', 'x-request-id'],
          exposeHeaders: ['x-request-id'],
          maxAge: Duration.hours(1),
        },
      }),
    });
    this.authorizer = new HttpJwtAuthorizer('Authorizer', props.identity.issuer, {
      identitySource: ['$request.header.x-auth-token'],
      jwtAudience: props.identity.audience,
    });
    this.accessLogs = new LogGroup(this, 'AccessLogs', {
      // API Gateway adds every other group to a policy of the account, which holds only so many.
      logGroupName: `/aws/vendedlogs/apigateway/${Stack.of(this).stackName}`,
      retention: props.logRetentionInDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.stage = new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      throttle: props.throttling,
      accessLogSettings: {
        destination: new LogGroupLogDestination(this.accessLogs),
        format: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG_LINE)),
      },
    });
    const stage = this.stage.node.defaultChild as CfnStage;
    stage.routeSettings = this.routeSettings;
    for (const { row, endpoint } of props.functions.of('http')) this.route(row, endpoint);
    const address = this.domain(props.apiDomain) ?? this.api.apiEndpoint;
    new CfnOutput(this, 'Address', { value: address }).overrideLogicalId('ApiAddress');
  }

  /** The address with the configured domain, if there is one. */
  private domain({ domainName, certificateArn }: Configuration['apiDomain']): string | undefined {
    if (!domainName || !certificateArn) return undefined;
    const domain = new DomainName(this, 'Domain', {
      domainName,
      certificate: Certificate.fromCertificateArn(this, 'Certificate', certificateArn),
      endpointType: EndpointType.REGIONAL,
      securityPolicy: SecurityPolicy.TLS_1_2,
    });
    new ApiMapping(this, 'Mapping', { api: this.api, domainName: domain, stage: this.stage });
    new CfnOutput(this, 'DomainTarget', {
      value: domain.regionalDomainName,
      description: `What the CNAME record of ${domainName} points to`,
    }).overrideLogicalId('ApiDomainTarget');
    return `https://${domainName}`;
  }

  /** Routes of a row of the manifest lead to its function. */
  private route({ name, trigger }: RowOf<'http'>, endpoint: EndpointFunction): void {
    const { routes, access } = trigger.contract;
    const authorized = access !== 'open';
    const integration = new HttpLambdaIntegration(`${name}Integration`, endpoint);
    for (const routeKey of routes) {
      const [method, path] = routeKey.split(' ');
      const openThrottling = method === 'OPTIONS' ? PREFLIGHT_THROTTLING : OPEN_ROUTE_THROTTLING;
      const { rateLimit, burstLimit } = authorized ? this.throttling : openThrottling;
      const route = new HttpRoute(this, routeKey, {
        httpApi: this.api,
        routeKey: path ? HttpRouteKey.with(path, method as HttpMethod) : HttpRouteKey.DEFAULT,
        integration,
        authorizer: authorized ? this.authorizer : new HttpNoneAuthorizer(),
        ...(authorized && this.scopes.length > 0 && { authorizationScopes: this.scopes }),
      });
      this.routeSettings[routeKey] = { ThrottlingRateLimit: rateLimit, ThrottlingBurstLimit: burstLimit };
      // Deployment fails when a stage has settings for a route that does not exist yet.
      this.stage.node.addDependency(route);
      if (!authorized)
        Validations.of(route).acknowledge({
          id: 'AwsSolutions-APIG4',
          reason:
            'It is for callers without a valid token: it signs in, renews a token, responds to a preflight request, or responds 404.',
        });
    }
  }
}
