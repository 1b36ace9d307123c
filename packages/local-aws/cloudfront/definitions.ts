/** How long CloudFront caches errors, unless the template says otherwise. */
export const DEFAULT_ERROR_TTL_IN_SECONDS = 10;

/** A distribution of the template. */
export interface DistributionDefinition {
  readonly id: string;
  readonly arn: string;
  /** The domain name that CloudFront gives it. */
  readonly domainName: string;
  /** Object for requests of `/`, without a slash in front. @default such requests go to the origin */
  readonly defaultRootObject?: string | undefined;
  /** In the order in which they are tried. The last one is the default behavior, which matches everything. */
  readonly behaviors: readonly BehaviorDefinition[];
  /** By the status of the origin's response. */
  readonly errorResponses: ReadonlyMap<number, ErrorResponseDefinition>;
  /** Whether requests are logged. */
  readonly logged: boolean;
}

/** How requests for some paths are served. */
export interface BehaviorDefinition {
  /** Such as `/api/*`. `*` stands for any characters, `?` for one. */
  readonly pathPattern: string;
  readonly origin: OriginDefinition;
  /** Methods that viewers may use. */
  readonly methods: readonly string[];
  /** Methods whose responses are cached. */
  readonly cachedMethods: readonly string[];
  readonly compress: boolean;
  readonly cachePolicy: CachePolicyDefinition;
  /** What the origin gets besides the cache key. @default nothing */
  readonly originRequestPolicy?: ForwardedValues | undefined;
  readonly responseHeadersPolicy?: ResponseHeadersDefinition | undefined;
  readonly viewerRequest?: ViewerFunctionDefinition | undefined;
  readonly viewerResponse?: ViewerFunctionDefinition | undefined;
}

/** Where the content of a behavior comes from. */
export type OriginDefinition = BucketOrigin | ApiOrigin;

interface CommonOrigin {
  readonly id: string;
  /** Comes before the path of each request. @default '' */
  readonly path: string;
  /** Headers that CloudFront adds to each request, with names in lower case. */
  readonly customHeaders: ReadonlyArray<readonly [name: string, value: string]>;
  /** How long the origin may take to respond. */
  readonly responseTimeoutInMilliseconds: number;
}

/** A bucket of the template. */
export interface BucketOrigin extends CommonOrigin {
  readonly kind: 'bucket';
  readonly bucketName: string;
  /** Whether CloudFront signs its requests (origin access control). */
  readonly signing: 'always' | 'never' | 'no-override';
}

/** The HTTP API of the template. */
export interface ApiOrigin extends CommonOrigin {
  readonly kind: 'api';
  /** The custom domain of the API. @default the API's own address */
  readonly host?: string | undefined;
}

/** A choice among headers, cookies or query parameters. Names of headers are in lower case. */
export interface Selection {
  readonly mode: 'none' | 'all' | 'only' | 'except';
  readonly names: ReadonlySet<string>;
}

/** The parts of a viewer's request that an origin gets. */
export interface ForwardedValues {
  readonly headers: Selection;
  readonly cookies: Selection;
  readonly queryStrings: Selection;
}

/** What is cached, under which key, for how long. */
export interface CachePolicyDefinition extends ForwardedValues {
  readonly minTtlInSeconds: number;
  readonly defaultTtlInSeconds: number;
  readonly maxTtlInSeconds: number;
  /** Compressed formats that are part of the cache key. */
  readonly gzip: boolean;
  readonly brotli: boolean;
}

/** Headers that responses get, and those that are taken from them. Names are in lower case. */
export interface ResponseHeadersDefinition {
  readonly set: readonly ResponseHeader[];
  readonly remove: ReadonlySet<string>;
}

/** A header of a response. */
export interface ResponseHeader {
  readonly name: string;
  readonly value: string;
  /** Whether it replaces the origin's header of that name. */
  readonly override: boolean;
}

/** What viewers get in place of an error of the origin. */
export interface ErrorResponseDefinition {
  /** How long the error is cached at least. */
  readonly cachingMinTtlInSeconds: number;
  /** @default the origin's own response */
  readonly page?: { readonly path: string; readonly statusCode: number } | undefined;
}

/** A CloudFront function. */
export interface ViewerFunctionDefinition {
  /** Its label in the log. */
  readonly label: string;
  readonly code: string;
}
