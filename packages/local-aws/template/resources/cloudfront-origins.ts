import type { OriginDefinition } from '../../cloudfront/definitions.ts';
import type { InterpretedTemplate } from '../interpreter.ts';
import { type Properties, type ResourceTypes, stableId } from '../resource.ts';
import { CLOUDFRONT_PROPERTIES } from './cloudfront-properties.ts';
import { readHttpApis } from './http-api.ts';

const BUCKET = 'AWS::S3::Bucket';
const ORIGIN_ACCESS_CONTROL = 'AWS::CloudFront::OriginAccessControl';

/** What signs the requests of a distribution. */
export const CLOUDFRONT_ORIGIN_TYPES: ResourceTypes = {
  [ORIGIN_ACCESS_CONTROL]: {
    physicalId: (control) => `E${stableId(control, 13).toUpperCase()}`,
    attributes: { Id: (control) => control.physicalId },
    properties: ['OriginAccessControlConfig'],
  },
};

/** The origins of a distribution, by id. */
export function originsOf(template: InterpretedTemplate, config: Properties): Map<string, OriginDefinition> {
  const origins = new Map<string, OriginDefinition>();
  for (const properties of config.objects('Origins')) {
    const origin = originOf(template, properties);
    if (origins.has(origin.id)) throw properties.error(`there are two origins ${origin.id}`);
    origins.set(origin.id, origin);
  }
  return origins;
}

function originOf(template: InterpretedTemplate, properties: Properties): OriginDefinition {
  properties.only(...CLOUDFRONT_PROPERTIES.origin);
  const path = properties.optionalText('OriginPath') ?? '';
  if (path !== '' && (!path.startsWith('/') || path.endsWith('/')))
    throw properties.error('an OriginPath begins with a slash, and does not end with one');
  const common = {
    id: properties.text('Id'),
    path,
    customHeaders: properties.objects('OriginCustomHeaders').map((header): [string, string] => {
      const { HeaderName, HeaderValue } = header.only('HeaderName', 'HeaderValue').toJSON();
      return [String(HeaderName).toLowerCase(), String(HeaderValue)];
    }),
  };
  const domainName = properties.text('DomainName');
  const bucket = template
    .ofType(BUCKET)
    .find((candidate) =>
      [candidate.attribute('RegionalDomainName'), candidate.attribute('DomainName')].includes(domainName),
    );
  if (bucket) {
    const s3 = properties.object('S3OriginConfig').only(...CLOUDFRONT_PROPERTIES.s3Origin);
    if (properties.has('CustomOriginConfig') || !properties.has('S3OriginConfig'))
      throw properties.error('the local AWS reaches a bucket with an S3OriginConfig only');
    if ((s3.optionalText('OriginAccessIdentity') ?? '') !== '')
      throw properties.error('the local AWS supports origin access controls, not origin access identities');
    return {
      ...common,
      kind: 'bucket',
      bucketName: bucket.physicalId,
      signing: signingOf(template, properties),
      responseTimeoutInMilliseconds: responseTimeout(s3),
    };
  }
  const { host } = apiAt(template, domainName, properties);
  const custom = properties.object('CustomOriginConfig').only(...CLOUDFRONT_PROPERTIES.customOrigin);
  if (custom.optionalText('OriginProtocolPolicy') === 'http-only')
    throw properties.error('an HTTP API does not answer plain HTTP');
  if (properties.has('OriginAccessControlId'))
    throw properties.error('an HTTP API has no origin access control');
  return { ...common, kind: 'api', host, responseTimeoutInMilliseconds: responseTimeout(custom) };
}

/** The HTTP API with this domain. `host`: the custom domain that it must be asked for. */
function apiAt(
  template: InterpretedTemplate,
  domainName: string,
  origin: Properties,
): { readonly host: string | undefined } {
  const { region, urlSuffix } = template.environment;
  for (const { id, domainNames = [], closed } of readHttpApis(template)) {
    if (domainNames.includes(domainName)) return { host: domainName };
    if (domainName !== `${id}.execute-api.${region}.${urlSuffix}`) continue;
    if (closed) throw origin.error('the HTTP API serves its custom domains only');
    return { host: undefined };
  }
  throw origin.error(`the local AWS reaches buckets and the HTTP API of the template, not ${domainName}`);
}

function responseTimeout(properties: Properties): number {
  const seconds = properties.optionalNumber('OriginReadTimeout') ?? 30;
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 120)
    throw properties.error(`OriginReadTimeout is ${seconds}, and CloudFront takes 1 to 120`);
  return seconds * 1000;
}

function signingOf(
  template: InterpretedTemplate,
  properties: Properties,
): 'always' | 'never' | 'no-override' {
  const id = properties.optionalText('OriginAccessControlId') ?? '';
  if (id === '') return 'never';
  const control = template.find(ORIGIN_ACCESS_CONTROL, id);
  if (!control) throw properties.error(`there is no origin access control ${id}`);
  const config = control.properties
    .object('OriginAccessControlConfig')
    .only(...CLOUDFRONT_PROPERTIES.originAccessControl);
  config.choice('OriginAccessControlOriginType', ['s3']);
  config.choice('SigningProtocol', ['sigv4']);
  return config.choice('SigningBehavior', ['always', 'never', 'no-override']);
}
