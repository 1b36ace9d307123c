/** An HTTP API of the template. */
export interface HttpApiDefinition {
  readonly id: string;
  /** Custom domains. @default none */
  readonly domainNames?: readonly string[] | undefined;
  /** Whether it serves only its custom domains. @default false */
  readonly closed?: boolean | undefined;
  readonly stage: StageDefinition;
  readonly routes: readonly RouteDefinition[];
  /** @default requests from other origins get no CORS headers */
  readonly cors?: CorsDefinition | undefined;
}

/** The stage that serves the API. */
export interface StageDefinition {
  /** `$default` is served at the root, any other stage below its name. */
  readonly name: string;
  readonly variables?: Readonly<Record<string, string>> | undefined;
  /** A line with `$context.…` variables. @default no access log */
  readonly accessLogFormat?: string | undefined;
  /** Limit of each route without its own. @default unlimited */
  readonly throttle?: Throttle | undefined;
  /** Limits by route key. */
  readonly routeThrottles: ReadonlyMap<string, Throttle>;
}

/** A token bucket: its rate and its size. */
export interface Throttle {
  readonly ratePerSecond: number;
  readonly burst: number;
}

/** A route and its function. */
export interface RouteDefinition {
  /** Such as `GET /pets/{id}`, `ANY /{proxy+}` or `$default`. */
  readonly key: string;
  readonly functionArn: string;
  readonly timeoutInMilliseconds: number;
  /** @default the route needs no token */
  readonly authorizer?: JwtAuthorizerDefinition | undefined;
  /** The token needs one of these scopes. An empty list needs none. */
  readonly scopes: readonly string[];
}

/** The tokens that a route accepts. */
export interface JwtAuthorizerDefinition {
  readonly id: string;
  /** Header with the token, in lower case. */
  readonly header: string;
  readonly issuer: string;
  /** The token's `aud`, or `client_id` if there is none, must be one of these. */
  readonly audience: readonly string[];
}

/** What browsers may do from other origins. */
export interface CorsDefinition {
  readonly allowOrigins: readonly string[];
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly maxAgeInSeconds?: number | undefined;
  readonly allowCredentials: boolean;
}
