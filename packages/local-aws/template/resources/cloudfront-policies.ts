import type {
  CachePolicyDefinition,
  ForwardedValues,
  ResponseHeader,
  ResponseHeadersDefinition,
  Selection,
} from '../../cloudfront/definitions.ts';
import {
  MANAGED_CACHE_POLICIES,
  MANAGED_ORIGIN_REQUEST_POLICIES,
  MANAGED_RESPONSE_HEADERS_POLICIES,
} from '../../cloudfront/managed-policies.ts';
import { CLOUDFRONT_HEADERS } from '../../cloudfront/origin-request.ts';
import type { InterpretedTemplate } from '../interpreter.ts';
import { type Properties, type ResourceType, type ResourceTypes, stableUuid } from '../resource.ts';
import { CLOUDFRONT_PROPERTIES } from './cloudfront-properties.ts';

const CACHE_POLICY = 'AWS::CloudFront::CachePolicy';
const ORIGIN_REQUEST_POLICY = 'AWS::CloudFront::OriginRequestPolicy';
const RESPONSE_HEADERS_POLICY = 'AWS::CloudFront::ResponseHeadersPolicy';

const policyType = (property: string): ResourceType => ({
  physicalId: stableUuid,
  attributes: { Id: (policy) => policy.physicalId },
  properties: [property],
});

/** The policies of behaviors. */
export const CLOUDFRONT_POLICY_TYPES: ResourceTypes = {
  [CACHE_POLICY]: policyType('CachePolicyConfig'),
  [ORIGIN_REQUEST_POLICY]: policyType('OriginRequestPolicyConfig'),
  [RESPONSE_HEADERS_POLICY]: policyType('ResponseHeadersPolicyConfig'),
};

/** Headers that have a section of their own in a policy. CloudFront refuses them as custom headers. */
const SECURITY_HEADERS = [
  'content-security-policy',
  'referrer-policy',
  'strict-transport-security',
  'x-content-type-options',
  'x-frame-options',
  'x-xss-protection',
];
const CORS_HEADER = /^access-control-(allow-(credentials|headers|methods|origin)|expose-headers|max-age)$/;

/** CloudFront's limit for this header. */
const MAX_CONTENT_SECURITY_POLICY_CHARACTERS = 1783;

/** Headers that CloudFront removes from no response. */
const NOT_REMOVED = new RegExp(
  '^(connection|content-encoding|content-length|expect|host|keep-alive|proxy-(authenticate|authorization|connection)|' +
    'trailer|transfer-encoding|upgrade|via|warning|x-accel-.*|x-amz-cf-.*|x-amzn-.*|x-cache|x-edge-.*|' +
    'x-forwarded-proto|x-real-ip)$',
);

/** The cache policy of a behavior. */
export function cachePolicyOf(template: InterpretedTemplate, behavior: Properties): CachePolicyDefinition {
  const id = behavior.text('CachePolicyId');
  const managed = MANAGED_CACHE_POLICIES.get(id);
  if (managed) return managed.policy;
  const policy = template.find(CACHE_POLICY, id);
  if (!policy) throw behavior.error(`the local AWS knows no cache policy ${id}`);
  const config = policy.properties.object('CachePolicyConfig').only(...CLOUDFRONT_PROPERTIES.cachePolicy);
  const parameters = config
    .object('ParametersInCacheKeyAndForwardedToOrigin')
    .only(...CLOUDFRONT_PROPERTIES.cacheKey);
  const definition: CachePolicyDefinition = {
    minTtlInSeconds: secondsOf(config, 'MinTTL'),
    defaultTtlInSeconds: secondsOf(config, 'DefaultTTL'),
    maxTtlInSeconds: secondsOf(config, 'MaxTTL'),
    headers: headersOf(parameters, { none: 'none', whitelist: 'only' }),
    cookies: cookiesOf(parameters),
    queryStrings: queryStringsOf(parameters),
    gzip: parameters.optionalFlag('EnableAcceptEncodingGzip') ?? false,
    brotli: parameters.optionalFlag('EnableAcceptEncodingBrotli') ?? false,
  };
  const { minTtlInSeconds, defaultTtlInSeconds, maxTtlInSeconds, gzip, brotli } = definition;
  if (!(minTtlInSeconds <= defaultTtlInSeconds && defaultTtlInSeconds <= maxTtlInSeconds))
    throw config.error('MinTTL, DefaultTTL and MaxTTL must not decrease in this order');
  const selections = [definition.headers, definition.cookies, definition.queryStrings];
  if (maxTtlInSeconds === 0 && (gzip || brotli || selections.some(({ mode }) => mode !== 'none')))
    throw config.error('with a MaxTTL of 0 there is no cache key, so nothing can be part of it');
  if ((gzip || brotli) && definition.headers.names.has('accept-encoding'))
    throw config.error('EnableAcceptEncoding… makes Accept-Encoding part of the cache key already');
  return definition;
}

/** The origin request policy of a behavior, if it has one. */
export function originRequestPolicyOf(
  template: InterpretedTemplate,
  behavior: Properties,
): ForwardedValues | undefined {
  const id = behavior.optionalText('OriginRequestPolicyId');
  if (id === undefined) return undefined;
  const managed = MANAGED_ORIGIN_REQUEST_POLICIES.get(id);
  if (managed) return managed.policy;
  const policy = template.find(ORIGIN_REQUEST_POLICY, id);
  if (!policy) throw behavior.error(`the local AWS knows no origin request policy ${id}`);
  const config = policy.properties
    .object('OriginRequestPolicyConfig')
    .only(...CLOUDFRONT_PROPERTIES.originRequestPolicy);
  const headers = headersOf(config, {
    none: 'none',
    whitelist: 'only',
    allViewer: 'all',
    allExcept: 'except',
  });
  const refused = ['authorization', 'accept-encoding'].find((name) => headers.names.has(name));
  if (headers.mode === 'only' && refused !== undefined)
    throw config.error(`CloudFront takes ${refused} in a cache policy only`);
  return { headers, cookies: cookiesOf(config), queryStrings: queryStringsOf(config) };
}

/** Whether an origin gets the Host header of the viewer. */
export function forwardsHost({ headers: { mode, names } }: ForwardedValues): boolean {
  return (
    mode === 'all' || (mode === 'only' && names.has('host')) || (mode === 'except' && !names.has('host'))
  );
}

/** The response headers policy of a behavior, if it has one. */
export function responseHeadersPolicyOf(
  template: InterpretedTemplate,
  behavior: Properties,
): ResponseHeadersDefinition | undefined {
  const id = behavior.optionalText('ResponseHeadersPolicyId');
  if (id === undefined) return undefined;
  const managed = MANAGED_RESPONSE_HEADERS_POLICIES.get(id);
  if (managed) return managed.policy;
  const policy = template.find(RESPONSE_HEADERS_POLICY, id);
  if (!policy) throw behavior.error(`the local AWS knows no response headers policy ${id}`);
  const config = policy.properties
    .object('ResponseHeadersPolicyConfig')
    .only(...CLOUDFRONT_PROPERTIES.responseHeadersPolicy);
  return {
    set: [...securityHeaders(config.object('SecurityHeadersConfig')), ...customHeaders(config)],
    remove: removedHeaders(config),
  };
}

function customHeaders(config: Properties): ResponseHeader[] {
  const items = config.object('CustomHeadersConfig').only('Items').objects('Items');
  const headers = items.map((item) => {
    const name = item.only('Header', 'Override', 'Value').text('Header').toLowerCase();
    if (SECURITY_HEADERS.includes(name))
      throw item.error(`CloudFront takes ${name} as a security header, not as a custom one`);
    if (CORS_HEADER.test(name))
      throw item.error(`CloudFront takes ${name} as a CORS header, not as a custom one`);
    return {
      name,
      value: item.optionalText('Value') ?? '',
      override: item.optionalFlag('Override') ?? false,
    };
  });
  const names = headers.map(({ name }) => name);
  const twin = names.find((name, index) => names.indexOf(name) < index);
  if (twin !== undefined) throw config.error(`it has two custom headers ${twin}`);
  return headers;
}

function removedHeaders(config: Properties): Set<string> {
  const items = config.object('RemoveHeadersConfig').only('Items').objects('Items');
  return new Set(
    items.map((item) => {
      const name = item.only('Header').text('Header').toLowerCase();
      if (NOT_REMOVED.test(name)) throw item.error(`CloudFront does not remove ${name}`);
      return name;
    }),
  );
}

function securityHeaders(config: Properties): ResponseHeader[] {
  config.only(...CLOUDFRONT_PROPERTIES.securityHeaders);
  const header = (
    section: string,
    name: string,
    properties: readonly string[],
    value: (section: Properties) => string,
  ): ResponseHeader[] => {
    if (!config.has(section)) return [];
    const found = config.object(section).only('Override', ...properties);
    if (!found.has('Override')) throw found.error('Override is missing');
    return [{ name, value: value(found), override: found.optionalFlag('Override') ?? false }];
  };
  return [
    ...header('ContentSecurityPolicy', 'content-security-policy', ['ContentSecurityPolicy'], (found) => {
      const policy = found.text('ContentSecurityPolicy');
      if (policy.length > MAX_CONTENT_SECURITY_POLICY_CHARACTERS) {
        throw found.error(
          `it has ${policy.length} characters, and CloudFront takes ${MAX_CONTENT_SECURITY_POLICY_CHARACTERS}`,
        );
      }
      return policy;
    }),
    ...header('ContentTypeOptions', 'x-content-type-options', [], () => 'nosniff'),
    ...header('FrameOptions', 'x-frame-options', ['FrameOption'], (found) =>
      found.choice('FrameOption', ['DENY', 'SAMEORIGIN']),
    ),
    ...header('ReferrerPolicy', 'referrer-policy', ['ReferrerPolicy'], (found) =>
      found.choice('ReferrerPolicy', [
        'no-referrer',
        'no-referrer-when-downgrade',
        'origin',
        'origin-when-cross-origin',
        'same-origin',
        'strict-origin',
        'strict-origin-when-cross-origin',
        'unsafe-url',
      ]),
    ),
    ...header(
      'StrictTransportSecurity',
      'strict-transport-security',
      ['AccessControlMaxAgeSec', 'IncludeSubdomains', 'Preload'],
      (found) =>
        [
          `max-age=${secondsOf(found, 'AccessControlMaxAgeSec')}`,
          ...(found.optionalFlag('IncludeSubdomains') ? ['includeSubDomains'] : []),
          ...(found.optionalFlag('Preload') ? ['preload'] : []),
        ].join('; '),
    ),
    ...header('XSSProtection', 'x-xss-protection', ['ModeBlock', 'Protection', 'ReportUri'], (found) => {
      const reportUri = found.optionalText('ReportUri');
      const block = found.optionalFlag('ModeBlock') ?? false;
      if (block && reportUri !== undefined) throw found.error('ModeBlock and ReportUri exclude each other');
      if (!found.optionalFlag('Protection')) return '0';
      return ['1', ...(block ? ['mode=block'] : []), ...(reportUri ? [`report=${reportUri}`] : [])].join(
        '; ',
      );
    }),
  ];
}

function secondsOf(properties: Properties, name: string): number {
  const seconds = properties.optionalNumber(name);
  if (seconds === undefined || !Number.isInteger(seconds) || seconds < 0)
    throw properties.error(`${name} is not a number of seconds`);
  return seconds;
}

type Modes = Readonly<Record<string, Selection['mode']>>;

function headersOf(properties: Properties, modes: Modes): Selection {
  const { mode, names } = selectionOf(properties.object('HeadersConfig'), 'HeaderBehavior', 'Headers', modes);
  const lowerCase = [...names].map((name) => name.toLowerCase());
  // Where this machine is, and what the viewer is made of, CloudFront looks up in tables.
  const unknown = lowerCase.find(
    (name) => name.startsWith('cloudfront-') && !CLOUDFRONT_HEADERS.includes(name),
  );
  if (mode === 'only' && unknown !== undefined)
    throw properties.error(`the local AWS does not add the header ${unknown}`);
  return { mode, names: new Set(lowerCase) };
}

function cookiesOf(properties: Properties): Selection {
  const modes: Modes = { none: 'none', whitelist: 'only', allExcept: 'except', all: 'all' };
  return selectionOf(properties.object('CookiesConfig'), 'CookieBehavior', 'Cookies', modes);
}

function queryStringsOf(properties: Properties): Selection {
  const modes: Modes = { none: 'none', whitelist: 'only', allExcept: 'except', all: 'all' };
  return selectionOf(properties.object('QueryStringsConfig'), 'QueryStringBehavior', 'QueryStrings', modes);
}

function selectionOf(properties: Properties, behavior: string, list: string, modes: Modes): Selection {
  const chosen = properties.only(behavior, list).choice(behavior, Object.keys(modes));
  const mode = modes[chosen] ?? 'none';
  const names = new Set(properties.texts(list));
  if ((mode === 'only' || mode === 'except') !== names.size > 0)
    throw properties.error(`${list} does not go with ${chosen}`);
  return { mode, names };
}
