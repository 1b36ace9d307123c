import { describe, expect, it } from 'vitest';
import { functionsOf, MANIFEST } from '../../functions/manifest.ts';
import { type Json, synthesise, type Template } from './synthesise.ts';

const template = synthesise({ throttling: { rateLimit: 100, burstLimit: 300 } });
const rows = functionsOf('http').map(({ name, trigger }) => ({ name, routeKeys: trigger.contract.routes }));
const OPEN = ['POST /manage/api/v1/login', 'POST /manage/api/v1/token/refresh', '$default'];
const PREFLIGHT = 'OPTIONS /{proxy+}';

const routeKeysOf = (from: Template): string[] =>
  from.ofType('AWS::ApiGatewayV2::Route').map(({ Properties }) => Properties.RouteKey);

const route = (key: string): Json => {
  const found = template
    .ofType('AWS::ApiGatewayV2::Route')
    .find(({ Properties }) => Properties.RouteKey === key);
  return found?.Properties;
};

describe('the routes', () => {
  it('are those of the manifest', () => {
    expect(routeKeysOf(template).sort()).toEqual(rows.flatMap(({ routeKeys }) => routeKeys).sort());
  });

  it('require a token, except for sign-in, preflight requests and unknown routes', () => {
    const authorizer = template.only('AWS::ApiGatewayV2::Authorizer').id;
    for (const key of routeKeysOf(template)) {
      const { AuthorizationType, AuthorizerId } = route(key);
      if (OPEN.includes(key) || key === PREFLIGHT) expect(AuthorizationType).toBe('NONE');
      else expect([AuthorizationType, AuthorizerId]).toEqual(['JWT', { Ref: authorizer }]);
    }
  });

  it('accept access tokens only: an ID token has no scope', () => {
    for (const key of routeKeysOf(template)) {
      const scopes = OPEN.includes(key) || key === PREFLIGHT ? undefined : ['aws.cognito.signin.user.admin'];
      expect(route(key).AuthorizationScopes).toEqual(scopes);
    }
  });

  it.each(rows.flatMap(({ name, routeKeys }) => routeKeys.map((key) => [key, name])))(
    '%s calls %s',
    (key, name) => {
      const integration = template.target(route(key).Target['Fn::Join'][1].at(-1));
      expect(integration.Properties).toMatchObject({
        IntegrationType: 'AWS_PROXY',
        PayloadFormatVersion: '2.0',
      });
      const fn = template.function(name);
      expect(template.target(integration.Properties.IntegrationUri).id).toBe(fn.id);
      // The route for everything else is invoked for any method and path of this API.
      const path = key.split(' ')[1] ?? '';
      expect(template.invokersOf(name).map(({ SourceArn }) => template.text(SourceArn))).toContain(
        `arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<AWS::ApiGatewayV2::Api>/*/*${path}`,
      );
    },
  );

  it('are invoked by API Gateway only', () => {
    for (const permission of rows.flatMap(({ name }) => template.invokersOf(name))) {
      expect(permission).toMatchObject({
        Action: 'lambda:InvokeFunction',
        Principal: 'apigateway.amazonaws.com',
        SourceArn: expect.anything(),
      });
    }
  });
});

describe('the authorizer', () => {
  it('accepts a token of the user pool in x-auth-token', () => {
    const { AuthorizerType, IdentitySource, JwtConfiguration } = template.only(
      'AWS::ApiGatewayV2::Authorizer',
    ).Properties;
    expect(AuthorizerType).toBe('JWT');
    expect(IdentitySource).toEqual(['$request.header.x-auth-token']);
    expect(JwtConfiguration.Audience.map((audience: Json) => template.text(audience))).toEqual([
      '<AWS::Cognito::UserPoolClient>',
    ]);
    expect(template.text(JwtConfiguration.Issuer)).toBe(
      'https://cognito-idp.<AWS::Region>.<AWS::URLSuffix>/<AWS::Cognito::UserPool>',
    );
  });
});

describe('the stage', () => {
  const { Properties, DependsOn } = template.only('AWS::ApiGatewayV2::Stage');

  it('is the default one, with automatic deployment', () => {
    expect(Properties).toMatchObject({ StageName: '$default', AutoDeploy: true });
  });

  it('throttles every route, and those without a token more', () => {
    const limitsOf = (rate: number, burst: number) => ({
      ThrottlingRateLimit: rate,
      ThrottlingBurstLimit: burst,
    });
    const limited = limitsOf(100, 300);
    const limitOf = (key: string) =>
      OPEN.includes(key) ? limitsOf(20, 40) : key === PREFLIGHT ? limitsOf(100, 500) : limited;
    expect(Properties.DefaultRouteSettings).toEqual(limited);
    expect(Properties.RouteSettings).toEqual(
      Object.fromEntries(routeKeysOf(template).map((key) => [key, limitOf(key)])),
    );
  });

  it('is created after the routes in its settings', () => {
    const routes = template.ofType('AWS::ApiGatewayV2::Route').map(({ id }) => id);
    expect(DependsOn).toEqual(expect.arrayContaining(routes));
  });

  it('logs requests as JSON without fields that may contain a token', () => {
    const { DestinationArn, Format } = Properties.AccessLogSettings;
    expect(template.target(DestinationArn)).toMatchObject({
      Type: 'AWS::Logs::LogGroup',
      DeletionPolicy: 'Delete',
      Properties: { RetentionInDays: 30 },
    });
    const line: Record<string, string> = JSON.parse(Format);
    expect(line).toMatchObject({ requestId: '$context.requestId', status: '$context.status' });
    for (const variable of Object.values(line))
      expect(variable).not.toMatch(/header|query|claims|authorization/i);
  });
});

describe('CORS', () => {
  it('is off by default', () => {
    expect(template.only('AWS::ApiGatewayV2::Api').Properties.CorsConfiguration).toBeUndefined();
  });

  it('allows the configured consoles', () => {
    const consoleOrigins = ['https://console.example.com', 'http://localhost:5173'];
    expect(
      synthesise({ consoleOrigins }).only('AWS::ApiGatewayV2::Api').Properties.CorsConfiguration,
    ).toMatchObject({
      AllowOrigins: consoleOrigins,
      AllowHeaders: ['content-type', 'x-auth-token', 'x-request-id'],
      AllowMethods: ['GET', 'POST'],
    });
  });
});

describe('with an OIDC issuer', () => {
  const oidc = synthesise({
    oidcIssuer: 'https://login.example.com/',
    oidcAudience: ['pilot', 'console'],
    workspacesClaim: 'workspaces',
  });

  it('the API accepts its tokens', () => {
    expect(oidc.only('AWS::ApiGatewayV2::Authorizer').Properties.JwtConfiguration).toEqual({
      Issuer: 'https://login.example.com/',
      Audience: ['pilot', 'console'],
    });
    for (const { Properties } of oidc.ofType('AWS::ApiGatewayV2::Route'))
      expect(Properties.AuthorizationScopes).toBeUndefined();
  });

  it('there is no user pool and no sign-in', () => {
    expect(oidc.resources.filter(({ Type }) => Type.startsWith('AWS::Cognito::'))).toEqual([]);
    const without = routeKeysOf(template).filter((key) => !routeKeysOf(oidc).includes(key));
    expect(without.sort()).toEqual(['POST /manage/api/v1/login', 'POST /manage/api/v1/token/refresh']);
    expect(Object.keys(oidc.json.Outputs)).not.toContain('UserPoolId');
  });

  it('functions have no names of workspaces', () => {
    for (const { name } of MANIFEST.filter(({ may }) => may.identity === 'workspaces'))
      expect(oidc.function(name).Properties.Environment.Variables.USER_POOL_ID).toBeUndefined();
  });

  it('functions read its claim', () => {
    expect(oidc.function('sts').Properties.Environment.Variables.WORKSPACES_CLAIM).toBe('workspaces');
  });
});

describe('with a custom domain', () => {
  const certificateArn = 'arn:aws:acm:eu-central-1:123456789012:certificate/6f1d';
  const custom = synthesise({ apiDomain: { domainName: 'api.example.com', certificateArn } });

  it('the API has that address, with the certificate, and TLS 1.2 at least', () => {
    const domain = custom.only('AWS::ApiGatewayV2::DomainName');
    expect(domain.Properties).toEqual({
      DomainName: 'api.example.com',
      DomainNameConfigurations: [
        { CertificateArn: certificateArn, EndpointType: 'REGIONAL', SecurityPolicy: 'TLS_1_2' },
      ],
    });
    const { Properties: mapping, DependsOn } = custom.only('AWS::ApiGatewayV2::ApiMapping');
    expect(mapping).toEqual({
      ApiId: { Ref: custom.only('AWS::ApiGatewayV2::Api').id },
      DomainName: { Ref: domain.id },
      Stage: '$default',
    });
    expect(DependsOn).toEqual([custom.only('AWS::ApiGatewayV2::Stage').id]);
  });

  it('the outputs have its address, and the target of its DNS record', () => {
    const { ApiAddress, ApiDomainTarget } = custom.json.Outputs;
    expect(ApiAddress.Value).toBe('https://api.example.com');
    expect(custom.text(ApiDomainTarget.Value)).toBe('<AWS::ApiGatewayV2::DomainName.RegionalDomainName>');
    expect(template.json.Outputs.ApiDomainTarget).toBeUndefined();
  });
});
