import type {
  CachePolicyDefinition,
  ForwardedValues,
  ResponseHeadersDefinition,
  Selection,
} from './definitions.ts';

const NONE: Selection = { mode: 'none', names: new Set() };
const ALL: Selection = { mode: 'all', names: new Set() };
const only = (...names: readonly string[]): Selection => ({ mode: 'only', names: new Set(names) });
const except = (...names: readonly string[]): Selection => ({ mode: 'except', names: new Set(names) });

const YEAR_IN_SECONDS = 31_536_000;
const DAY_IN_SECONDS = 86_400;

const OPTIMIZED: CachePolicyDefinition = {
  minTtlInSeconds: 1,
  defaultTtlInSeconds: DAY_IN_SECONDS,
  maxTtlInSeconds: YEAR_IN_SECONDS,
  headers: NONE,
  cookies: NONE,
  queryStrings: NONE,
  gzip: true,
  brotli: true,
};

/** A policy of AWS itself. */
export interface ManagedPolicy<Policy> {
  readonly name: string;
  readonly policy: Policy;
}

/** The cache policies of AWS itself, by id. */
export const MANAGED_CACHE_POLICIES: ReadonlyMap<string, ManagedPolicy<CachePolicyDefinition>> = new Map([
  ['658327ea-f89d-4fab-a63d-7e88639e58f6', { name: 'CachingOptimized', policy: OPTIMIZED }],
  [
    'b2884449-e4de-46a7-ac36-70bc7f1ddd6d',
    {
      name: 'CachingOptimizedForUncompressedObjects',
      policy: { ...OPTIMIZED, gzip: false, brotli: false },
    },
  ],
  [
    '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
    {
      name: 'CachingDisabled',
      policy: {
        ...OPTIMIZED,
        minTtlInSeconds: 0,
        defaultTtlInSeconds: 0,
        maxTtlInSeconds: 0,
        gzip: false,
        brotli: false,
      },
    },
  ],
]);

/** The origin request policies of AWS itself, by id. */
export const MANAGED_ORIGIN_REQUEST_POLICIES: ReadonlyMap<string, ManagedPolicy<ForwardedValues>> = new Map([
  [
    '216adef6-5c7f-47e4-b989-5492eafa07d3',
    { name: 'AllViewer', policy: { headers: ALL, cookies: ALL, queryStrings: ALL } },
  ],
  [
    'b689b0a8-53d0-40ab-baf2-68738e2966ac',
    {
      name: 'AllViewerExceptHostHeader',
      policy: { headers: except('host'), cookies: ALL, queryStrings: ALL },
    },
  ],
  [
    '59781a5b-3903-41f3-afcb-af62929ccde1',
    { name: 'CORS-CustomOrigin', policy: { headers: only('origin'), cookies: NONE, queryStrings: NONE } },
  ],
  [
    '88a5eaf4-2fd4-4709-b370-b4c650ea3fcf',
    {
      name: 'CORS-S3Origin',
      policy: {
        headers: only('origin', 'access-control-request-headers', 'access-control-request-method'),
        cookies: NONE,
        queryStrings: NONE,
      },
    },
  ],
  [
    'acba4595-bd28-49b8-b9fe-13317c0390fa',
    {
      name: 'UserAgentRefererHeaders',
      policy: { headers: only('user-agent', 'referer'), cookies: NONE, queryStrings: NONE },
    },
  ],
]);

/** The response headers policies of AWS itself, by id. */
export const MANAGED_RESPONSE_HEADERS_POLICIES: ReadonlyMap<
  string,
  ManagedPolicy<ResponseHeadersDefinition>
> = new Map([
  [
    '67f7725c-6f97-4210-82d7-5512b31e9d03',
    {
      name: 'SecurityHeadersPolicy',
      policy: {
        set: [
          { name: 'referrer-policy', value: 'strict-origin-when-cross-origin', override: false },
          { name: 'strict-transport-security', value: `max-age=${YEAR_IN_SECONDS}`, override: false },
          { name: 'x-content-type-options', value: 'nosniff', override: true },
          { name: 'x-frame-options', value: 'SAMEORIGIN', override: false },
          { name: 'x-xss-protection', value: '1; mode=block', override: false },
        ],
        remove: new Set<string>(),
      },
    },
  ],
]);
