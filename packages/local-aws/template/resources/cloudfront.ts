import {
  type BehaviorDefinition,
  DEFAULT_ERROR_TTL_IN_SECONDS,
  type DistributionDefinition,
  type ErrorResponseDefinition,
  type OriginDefinition,
  type ViewerFunctionDefinition,
} from '../../cloudfront/definitions.ts';
import { checkFunctionCode } from '../../cloudfront/viewer-function.ts';
import type { InterpretedTemplate } from '../interpreter.ts';
import { TemplateError } from '../intrinsics.ts';
import {
  arnOf,
  type Properties,
  type Resource,
  type ResourceTypes,
  stableId,
  stableUuid,
} from '../resource.ts';
import { CLOUDFRONT_ORIGIN_TYPES, originsOf } from './cloudfront-origins.ts';
import {
  CLOUDFRONT_POLICY_TYPES,
  cachePolicyOf,
  forwardsHost,
  originRequestPolicyOf,
  responseHeadersPolicyOf,
} from './cloudfront-policies.ts';
import { CLOUDFRONT_PROPERTIES } from './cloudfront-properties.ts';

const DISTRIBUTION = 'AWS::CloudFront::Distribution';
const FUNCTION = 'AWS::CloudFront::Function';
const BUCKET = 'AWS::S3::Bucket';

/** CloudFront's limit for the code of a function. */
const MAX_CODE_IN_BYTES = 10_240;

/** The sets of methods that CloudFront allows. */
const METHOD_SETS = [
  ['GET', 'HEAD'],
  ['GET', 'HEAD', 'OPTIONS'],
  ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'],
];

/** Errors that can have a response of their own. */
const ERROR_CODES = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504];

/** Distributions, with their functions and policies. */
export const CLOUDFRONT_TYPES: ResourceTypes = {
  ...CLOUDFRONT_ORIGIN_TYPES,
  ...CLOUDFRONT_POLICY_TYPES,
  [DISTRIBUTION]: {
    physicalId: (distribution) => `E${stableId(distribution, 13).toUpperCase()}`,
    attributes: {
      DomainName: (distribution) => `d${stableId(distribution, 13)}.cloudfront.net`,
      Id: (distribution) => distribution.physicalId,
    },
    properties: ['DistributionConfig', 'Tags'],
  },
  [FUNCTION]: {
    physicalId: functionArn,
    attributes: { FunctionARN: (fn) => fn.physicalId, 'FunctionMetadata.FunctionARN': (fn) => fn.physicalId },
    properties: ['AutoPublish', 'FunctionCode', 'FunctionConfig', 'Name'],
  },
  // Its rules have no effect here: they are about crowds and attacks.
  'AWS::WAFv2::WebACL': {
    physicalId: (acl) => `${acl.logicalId}|${stableUuid(acl)}|CLOUDFRONT`,
    attributes: {
      Arn: (acl) => arnOf(acl, 'wafv2', `global/webacl/${acl.logicalId}/${stableUuid(acl)}`),
      Id: stableUuid,
    },
    properties: 'any',
  },
};

/** The distributions of the template. */
export function readDistributions(template: InterpretedTemplate): DistributionDefinition[] {
  // CloudFront does not deploy a function that it cannot run, whether or not it is used.
  for (const fn of template.ofType(FUNCTION)) viewerFunction(fn);
  return template.ofType(DISTRIBUTION).map((distribution) => {
    const { environment, physicalId } = distribution;
    const config = distribution.properties
      .object('DistributionConfig')
      .only(...CLOUDFRONT_PROPERTIES.distribution);
    if (!config.optionalFlag('Enabled'))
      throw config.error('a distribution that is not enabled serves nothing');
    if (config.has('Logging')) checkLogging(template, config.object('Logging'));
    const origins = originsOf(template, config);
    const defaultBehavior = behaviorOf(template, config.object('DefaultCacheBehavior'), '*', origins);
    return {
      id: physicalId,
      arn: `arn:${environment.partition}:cloudfront::${environment.accountId}:distribution/${physicalId}`,
      domainName: distribution.attribute('DomainName'),
      defaultRootObject: defaultRootObjectOf(config),
      behaviors: [...pathBehaviors(template, config, origins), defaultBehavior],
      errorResponses: errorResponsesOf(config),
      logged: config.has('Logging'),
    };
  });
}

function functionArn(fn: Pick<Resource, 'environment' | 'property'>): string {
  const { partition, accountId } = fn.environment;
  return `arn:${partition}:cloudfront::${accountId}:function/${String(fn.property('Name'))}`;
}

function pathBehaviors(
  template: InterpretedTemplate,
  config: Properties,
  origins: ReadonlyMap<string, OriginDefinition>,
): BehaviorDefinition[] {
  const behaviors = config
    .objects('CacheBehaviors')
    .map((properties) => behaviorOf(template, properties, properties.text('PathPattern'), origins));
  const normalised = behaviors.map(({ pathPattern }) => pathPattern.replace(/^\//, ''));
  const twin = behaviors.find((_, index) => normalised.indexOf(normalised[index] ?? '') < index);
  if (twin) throw config.error(`two behaviors have the path pattern ${twin.pathPattern}`);
  return behaviors;
}

function behaviorOf(
  template: InterpretedTemplate,
  properties: Properties,
  pathPattern: string,
  origins: ReadonlyMap<string, OriginDefinition>,
): BehaviorDefinition {
  properties.only(...CLOUDFRONT_PROPERTIES.behavior);
  if (!/^[\w\-.*$/~"'@:+&?]{1,255}$/.test(pathPattern))
    throw properties.error(`CloudFront takes no path pattern ${pathPattern}`);
  properties.choice('ViewerProtocolPolicy', ['allow-all', 'redirect-to-https', 'https-only']);
  const originId = properties.text('TargetOriginId');
  const origin = origins.get(originId);
  if (!origin) throw properties.error(`there is no origin ${originId}`);
  const methods = methodsOf(properties, 'AllowedMethods');
  const cachedMethods = methodsOf(properties, 'CachedMethods');
  if (cachedMethods.some((method) => !methods.includes(method)) || cachedMethods.length > 3)
    throw properties.error('CloudFront caches GET, HEAD and OPTIONS, when they are allowed');
  const cachePolicy = cachePolicyOf(template, properties);
  const originRequestPolicy = originRequestPolicyOf(template, properties);
  if (forwardsHost(cachePolicy) || (originRequestPolicy && forwardsHost(originRequestPolicy))) {
    throw properties.error(
      `it forwards the viewer's Host header, with which ${origin.kind === 'api' ? 'the HTTP API answers 403' : 'S3 finds no bucket'}`,
    );
  }
  return {
    pathPattern,
    origin,
    methods,
    cachedMethods,
    compress: properties.optionalFlag('Compress') ?? false,
    cachePolicy,
    originRequestPolicy,
    responseHeadersPolicy: responseHeadersPolicyOf(template, properties),
    ...functionsOf(template, properties),
  };
}

function methodsOf(properties: Properties, name: string): string[] {
  const methods = properties.has(name) ? properties.texts(name) : ['GET', 'HEAD'];
  const isKnown = METHOD_SETS.some(
    (set) => set.length === methods.length && set.every((method) => methods.includes(method)),
  );
  if (!isKnown) throw properties.error(`CloudFront takes no ${name} ${methods.join(', ')}`);
  return methods;
}

function functionsOf(
  template: InterpretedTemplate,
  properties: Properties,
): Pick<BehaviorDefinition, 'viewerRequest' | 'viewerResponse'> {
  const functions: Record<string, ViewerFunctionDefinition> = {};
  for (const association of properties.objects('FunctionAssociations')) {
    association.only(...CLOUDFRONT_PROPERTIES.functionAssociation);
    const eventType = association.choice('EventType', ['viewer-request', 'viewer-response']);
    if (eventType in functions) throw properties.error(`it has two functions for ${eventType}`);
    const arn = association.text('FunctionARN');
    const fn = template.find(FUNCTION, arn);
    if (!fn) throw association.error(`there is no function ${arn}`);
    functions[eventType] = viewerFunction(fn);
  }
  return { viewerRequest: functions['viewer-request'], viewerResponse: functions['viewer-response'] };
}

function viewerFunction({ logicalId, properties }: Resource): ViewerFunctionDefinition {
  const config = properties.object('FunctionConfig').only(...CLOUDFRONT_PROPERTIES.functionConfig);
  config.choice('Runtime', ['cloudfront-js-2.0']);
  if (!properties.optionalFlag('AutoPublish'))
    throw properties.error('only published functions can be used; set AutoPublish');
  const code = properties.text('FunctionCode');
  const size = Buffer.byteLength(code);
  if (size > MAX_CODE_IN_BYTES)
    throw properties.error(`FunctionCode has ${size} bytes, and CloudFront takes ${MAX_CODE_IN_BYTES}`);
  const definition = { label: logicalId, code };
  try {
    checkFunctionCode(definition);
  } catch (cause) {
    throw new TemplateError(`${logicalId}: its code cannot run: ${(cause as Error).message}`, { cause });
  }
  return definition;
}

function defaultRootObjectOf(config: Properties): string | undefined {
  const name = config.optionalText('DefaultRootObject') ?? '';
  if (name.startsWith('/')) throw config.error('a DefaultRootObject begins with no slash');
  return name === '' ? undefined : name;
}

function errorResponsesOf(config: Properties): Map<number, ErrorResponseDefinition> {
  const responses = new Map<number, ErrorResponseDefinition>();
  for (const properties of config.objects('CustomErrorResponses')) {
    properties.only(...CLOUDFRONT_PROPERTIES.errorResponse);
    const code = properties.optionalNumber('ErrorCode');
    if (code === undefined || !ERROR_CODES.includes(code))
      throw properties.error(`CloudFront has no custom responses for ${code}`);
    if (responses.has(code)) throw config.error(`there are two responses for ${code}`);
    const path = properties.optionalText('ResponsePagePath') ?? '';
    const statusCode = properties.optionalNumber('ResponseCode');
    if ((path !== '') !== (statusCode !== undefined))
      throw properties.error('a ResponsePagePath and a ResponseCode come together');
    if (statusCode !== undefined && ![200, ...ERROR_CODES].includes(statusCode))
      throw properties.error(`CloudFront takes no ResponseCode ${statusCode}`);
    if (path !== '' && !path.startsWith('/'))
      throw properties.error('a ResponsePagePath begins with a slash');
    responses.set(code, {
      cachingMinTtlInSeconds: properties.optionalNumber('ErrorCachingMinTTL') ?? DEFAULT_ERROR_TTL_IN_SECONDS,
      page: statusCode === undefined ? undefined : { path, statusCode },
    });
  }
  return responses;
}

/** CloudFront writes its logs with an access control list, which buckets refuse by default. */
function checkLogging(template: InterpretedTemplate, logging: Properties): void {
  logging.only(...CLOUDFRONT_PROPERTIES.logging);
  const domainName = logging.text('Bucket');
  const bucket = template
    .ofType(BUCKET)
    .find((candidate) =>
      [candidate.attribute('RegionalDomainName'), candidate.attribute('DomainName')].includes(domainName),
    );
  if (!bucket) throw logging.error(`the template has no bucket ${domainName}`);
  const [rule] = bucket.properties.object('OwnershipControls').objects('Rules');
  const ownership = rule?.optionalText('ObjectOwnership') ?? 'BucketOwnerEnforced';
  if (ownership === 'BucketOwnerEnforced')
    throw logging.error(
      `the bucket ${bucket.logicalId} takes no access control lists, which CloudFront's logs need`,
    );
}
