/** An HTTP API as the template declares it. */
export interface HttpApiDefinition {
  readonly id: string;
  readonly stage: StageDefinition;
  readonly routes: readonly RouteDefinition[];
  /** @default requests from other origins get no CORS headers */
  readonly cors?: CorsDefinition | undefined;
}

/** The stage that serves the API. */
export interface StageDefinition {
  /** `$default` is served at the root, any other under its name. */
  readonly name: string;
  readonly variables?: Readonly<Record<string, string>> | undefined;
  /** Line with `$context.…` variables. @default no access log */
  readonly accessLogFormat?: string | undefined;
  /** Limit of each route that has none of its own. @default unlimited */
  readonly throttle?: Throttle | undefined;
  /** Limits by route key. */
  readonly routeThrottles: ReadonlyMap<string, Throttle>;
}

/** A token bucket: how fast it fills, and how much it holds. */
export interface Throttle {
  readonly ratePerSecond: number;
  readonly burst: number;
}

/** A route with the function behind it. */
export interface RouteDefinition {
  /** Such as `GET /pets/{id}`, `ANY /{proxy+}` or `$default`. */
  readonly key: string;
  readonly functionArn: string;
  readonly timeoutInMilliseconds: number;
  /** @default anybody may call the route */
  readonly authorizer?: JwtAuthorizerDefinition | undefined;
  /** The token needs one of these; an empty list asks for none. */
  readonly scopes: readonly string[];
}

/** Which tokens a route takes. */
export interface JwtAuthorizerDefinition {
  readonly id: string;
  /** Header that carries the token, lower-case. */
  readonly header: string;
  readonly issuer: string;
  /** The token's `aud`, or without one its `client_id`, must be one of these. */
  readonly audience: readonly string[];
}

/** What browsers of other origins may do. */
export interface CorsDefinition {
  readonly allowOrigins: readonly string[];
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly maxAgeSeconds?: number | undefined;
  readonly allowCredentials: boolean;
}
