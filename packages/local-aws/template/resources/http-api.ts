import type {
  HttpApiDefinition,
  JwtAuthorizerDefinition,
  RouteDefinition,
  Throttle,
} from '../../api-gateway/definitions.ts';
import type { InterpretedTemplate } from '../interpreter.ts';
import { TemplateError } from '../intrinsics.ts';
import { generatedName, type Properties, type Resource, type ResourceTypes, stableId } from '../resource.ts';

const API = 'AWS::ApiGatewayV2::Api';
const API_MAPPING = 'AWS::ApiGatewayV2::ApiMapping';
const AUTHORIZER = 'AWS::ApiGatewayV2::Authorizer';
const DOMAIN_NAME = 'AWS::ApiGatewayV2::DomainName';
const INTEGRATION = 'AWS::ApiGatewayV2::Integration';
const ROUTE = 'AWS::ApiGatewayV2::Route';
const STAGE = 'AWS::ApiGatewayV2::Stage';

/**
 * HTTP APIs with their routes, integrations, authorizers and stages. Custom domains have no addresses here,
 * but clients can name them in the `Host` header.
 */
export const HTTP_API_TYPES: ResourceTypes = {
  [API]: {
    physicalId: (api) => stableId(api, 10),
    attributes: {
      ApiId: (api) => api.physicalId,
      ApiEndpoint: (api) =>
        `https://${api.physicalId}.execute-api.${api.environment.region}.${api.environment.urlSuffix}`,
    },
    properties: [
      'CorsConfiguration',
      'Description',
      'DisableExecuteApiEndpoint',
      'Name',
      'ProtocolType',
      'Tags',
    ],
  },
  [AUTHORIZER]: {
    physicalId: (authorizer) => stableId(authorizer, 6),
    attributes: { AuthorizerId: (authorizer) => authorizer.physicalId },
    properties: ['ApiId', 'AuthorizerType', 'IdentitySource', 'JwtConfiguration', 'Name'],
  },
  [INTEGRATION]: {
    physicalId: (integration) => stableId(integration, 7),
    properties: [
      'ApiId',
      'Description',
      'IntegrationType',
      'IntegrationUri',
      'PayloadFormatVersion',
      'TimeoutInMillis',
    ],
  },
  [ROUTE]: {
    physicalId: (route) => stableId(route, 7),
    properties: [
      'ApiId',
      'AuthorizationScopes',
      'AuthorizationType',
      'AuthorizerId',
      'OperationName',
      'RouteKey',
      'Target',
    ],
  },
  [STAGE]: {
    physicalId: (stage) => String(stage.property('StageName') ?? generatedName(stage)),
    properties: [
      'AccessLogSettings',
      'ApiId',
      'AutoDeploy',
      'DefaultRouteSettings',
      'Description',
      'RouteSettings',
      'StageName',
      'StageVariables',
      'Tags',
    ],
  },
  [DOMAIN_NAME]: {
    physicalId: (domain) => String(domain.property('DomainName')),
    attributes: {
      RegionalDomainName: (domain) =>
        `d-${stableId(domain, 10)}.execute-api.${domain.environment.region}.${domain.environment.urlSuffix}`,
    },
    properties: ['DomainName', 'DomainNameConfigurations', 'Tags'],
  },
  [API_MAPPING]: {
    physicalId: (mapping) => stableId(mapping, 6),
    attributes: { ApiMappingId: (mapping) => mapping.physicalId },
    properties: ['ApiId', 'DomainName', 'Stage'],
  },
};

/** The HTTP APIs of the template. */
export function readHttpApis(template: InterpretedTemplate): HttpApiDefinition[] {
  return template.ofType(API).map((api) => {
    const own = (type: string) =>
      template.ofType(type).filter(({ properties }) => properties.text('ApiId') === api.physicalId);
    if (api.properties.text('ProtocolType') !== 'HTTP') {
      throw new TemplateError(`${api.logicalId}: the local stack supports HTTP APIs only`);
    }
    const [stage, ...others] = own(STAGE);
    if (!stage || others.length > 0)
      throw new TemplateError(`${api.logicalId}: the local stack supports exactly one stage`);
    const authorizers = new Map(
      own(AUTHORIZER).map((authorizer) => [authorizer.physicalId, jwtAuthorizer(authorizer)]),
    );
    const integrations = new Map(
      own(INTEGRATION).map((integration) => [integration.physicalId, integration]),
    );
    const routes = own(ROUTE).map((route) => routeOf(route, authorizers, integrations));
    const { properties } = stage;
    return {
      id: api.physicalId,
      domainNames: own(API_MAPPING).map(({ properties }) => properties.text('DomainName')),
      closed: api.properties.optionalFlag('DisableExecuteApiEndpoint') ?? false,
      cors: api.properties.has('CorsConfiguration')
        ? corsOf(api.properties.object('CorsConfiguration'))
        : undefined,
      stage: {
        name: stage.physicalId,
        variables: properties.object('StageVariables').toJSON() as Record<string, string>,
        accessLogFormat: properties.object('AccessLogSettings').optionalText('Format'),
        throttle: throttleOf(properties.object('DefaultRouteSettings')),
        routeThrottles: routeThrottles(stage, routes),
      },
      routes,
    };
  });
}

function routeOf(
  route: Resource,
  authorizers: ReadonlyMap<string, JwtAuthorizerDefinition>,
  integrations: ReadonlyMap<string, Resource>,
): RouteDefinition {
  const { properties } = route;
  const integration = integrations.get(properties.text('Target').replace(/^integrations\//, ''));
  if (!integration) throw new TemplateError(`${route.logicalId}: its integration does not exist`);
  const type = properties.optionalText('AuthorizationType') ?? 'NONE';
  if (type !== 'NONE' && type !== 'JWT')
    throw new TemplateError(`${route.logicalId}: the local stack does not support authorization ${type}`);
  const authorizer = type === 'JWT' ? authorizers.get(properties.text('AuthorizerId')) : undefined;
  if (type === 'JWT' && !authorizer)
    throw new TemplateError(`${route.logicalId}: its authorizer does not exist`);
  return {
    key: properties.text('RouteKey'),
    authorizer,
    scopes: properties.texts('AuthorizationScopes'),
    ...integrationOf(integration),
  };
}

function integrationOf({
  logicalId,
  properties,
}: Resource): Pick<RouteDefinition, 'functionArn' | 'timeoutInMilliseconds'> {
  const type = properties.text('IntegrationType');
  const version = properties.optionalText('PayloadFormatVersion');
  if (type !== 'AWS_PROXY' || version !== '2.0') {
    throw new TemplateError(
      `${logicalId}: the local stack supports AWS_PROXY with payload 2.0, not ${type} with ${version}`,
    );
  }
  const uri = properties.text('IntegrationUri');
  return {
    functionArn: /\/functions\/(arn:[^/]+)\/invocations$/.exec(uri)?.[1] ?? uri,
    timeoutInMilliseconds: properties.optionalNumber('TimeoutInMillis') ?? 30_000,
  };
}

function jwtAuthorizer({ logicalId, physicalId, properties }: Resource): JwtAuthorizerDefinition {
  const type = properties.text('AuthorizerType');
  if (type !== 'JWT')
    throw new TemplateError(`${logicalId}: the local stack does not support authorizer type ${type}`);
  const [source, ...others] = properties.texts('IdentitySource');
  const header = /^\$request\.header\.([\w-]+)$/.exec(source ?? '')?.[1];
  if (!header || others.length > 0)
    throw new TemplateError(`${logicalId}: the local stack supports one header as identity source`);
  const configuration = properties.object('JwtConfiguration');
  return {
    id: physicalId,
    header: header.toLowerCase(),
    issuer: configuration.text('Issuer'),
    audience: configuration.texts('Audience'),
  };
}

function corsOf(properties: Properties): HttpApiDefinition['cors'] {
  return {
    allowOrigins: properties.texts('AllowOrigins'),
    allowMethods: properties.texts('AllowMethods'),
    allowHeaders: properties.texts('AllowHeaders'),
    exposeHeaders: properties.texts('ExposeHeaders'),
    maxAgeInSeconds: properties.optionalNumber('MaxAge'),
    allowCredentials: properties.optionalFlag('AllowCredentials') ?? false,
  };
}

function routeThrottles(stage: Resource, routes: readonly RouteDefinition[]): Map<string, Throttle> {
  const settings = stage.properties.object('RouteSettings');
  const keys = routes.map(({ key }) => key);
  return new Map(
    settings.names.flatMap((key) => {
      // AWS refuses it too: "Unable to find Route by key".
      if (!keys.includes(key)) throw new TemplateError(`${stage.logicalId}: there is no route ${key}`);
      const throttle = throttleOf(settings.object(key));
      return throttle ? [[key, throttle] as const] : [];
    }),
  );
}

function throttleOf(settings: Properties): Throttle | undefined {
  const ratePerSecond = settings.optionalNumber('ThrottlingRateLimit');
  const burst = settings.optionalNumber('ThrottlingBurstLimit');
  return ratePerSecond === undefined || burst === undefined ? undefined : { ratePerSecond, burst };
}
