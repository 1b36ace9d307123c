/**
 * The configuration: the context key `media-library`, in `cdk.json` or on the command line (`-c
 * media-library='{"mqttAddress": "ssl://mqtt.example.com:8883"}'`). A mistake stops the synth.
 */
import type { Node } from 'constructs';
import * as v from 'valibot';

/** The context key that holds the configuration. */
export const CONFIGURATION_KEY = 'media-library';

/**
 * Where docks connect to: an address that AWS makes, a custom domain, or the account's default address. The
 * last is for regions without domain configurations: there, docks must support ALPN and name the authorizer
 * in their user name. `none` leaves docks and AWS IoT out.
 */
const DOCK_ENDPOINTS = ['managed-domain', 'custom-domain', 'account-default', 'none'] as const;

/** Whether another cloud replies to docks too. */
const DOCK_MODES = ['full', 'media-only'] as const;

/** The retention periods of CloudWatch Logs, in days. */
const LOG_RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

/** The lowest level that is logged. */
const LOG_LEVELS = ['DEBUG', 'INFO', 'WARN', 'ERROR'] as const;

/** What CloudTrail records of the objects: nothing, uploads and removals, or downloads too. */
const AUDIT_EVENTS = ['none', 'writes', 'all'] as const;

/** S3's minimum age for Standard-IA, and for the move from there to the next class. */
const DAYS_IN_A_STORAGE_CLASS = 30;

/** The newest version that the files of docs/bridge are tested with. */
const MOSQUITTO_IMAGE = 'public.ecr.aws/docker/library/eclipse-mosquitto:2.0.21-openssl';

/** What a value must be, for messages. */
const MUST_BE = {
  object: 'an object',
  text: 'a text that is not empty',
  textOrEmpty: 'a text',
  texts: 'a list of texts, at least one',
  issuer: 'the address of an OIDC issuer, starting with https://',
  origin: 'an origin, scheme and host without a path, such as https://console.example.com',
  origins: 'a list of origins, such as ["https://console.example.com"]',
  days: 'a whole number of days, at least 1',
  infrequentAccessInDays: `a whole number of days, at least ${DAYS_IN_A_STORAGE_CLASS}`,
  logRetention: `one of ${LOG_RETENTION_DAYS.join(', ')}`,
  logLevel: `one of ${LOG_LEVELS.join(', ')}`,
  accessTokenInHours: 'a whole number of hours, from 1 to 24',
  sessionInDays: 'a whole number of days, from 1 to 3650',
  rate: 'a number of requests a second, greater than 0',
  burst: 'a whole number of requests, at least 1',
  reservedConcurrency: 'a whole number from 1 to 10000',
  dockMode: `one of ${DOCK_MODES.join(', ')}`,
  auditEvents: `one of ${AUDIT_EVENTS.join(', ')}`,
  dockEndpoint: `one of ${DOCK_ENDPOINTS.join(', ')}`,
  email: 'an email address',
  usd: 'a number of US dollars, greater than 0',
  stackName: 'a name of letters, digits and hyphens, at most 64, with a letter first',
  domainName: 'a domain name in lower case, such as mqtt.example.com',
  certificate: 'the ARN of a certificate in ACM',
  iotEndpoint: 'an address of AWS IoT, such as a1b2c3d4e5-ats.iot.eu-central-1.amazonaws.com',
  flag: 'true or false',
} as const;

const text = v.pipe(v.string(MUST_BE.text), v.nonEmpty(MUST_BE.text));
const days = v.pipe(v.number(MUST_BE.days), v.integer(MUST_BE.days), v.minValue(1, MUST_BE.days));
const infrequentAccessInDays = v.pipe(
  v.number(MUST_BE.infrequentAccessInDays),
  v.integer(MUST_BE.infrequentAccessInDays),
  v.minValue(DAYS_IN_A_STORAGE_CLASS, MUST_BE.infrequentAccessInDays),
);
const stackName = v.pipe(
  v.string(MUST_BE.stackName),
  v.regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/, MUST_BE.stackName),
);
const wholeNumber = (least: number, most: number, mustBe: string) =>
  v.pipe(v.number(mustBe), v.integer(mustBe), v.minValue(least, mustBe), v.maxValue(most, mustBe));
const issuer = v.pipe(
  v.string(MUST_BE.issuer),
  v.check((address) => URL.canParse(address) && new URL(address).protocol === 'https:', MUST_BE.issuer),
);
const origin = v.pipe(
  v.string(MUST_BE.origin),
  v.check((address) => URL.canParse(address) && new URL(address).origin === address, MUST_BE.origin),
);

const domainName = v.pipe(
  v.string(MUST_BE.domainName),
  v.regex(
    /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/,
    MUST_BE.domainName,
  ),
);
const iotEndpoint = v.pipe(
  v.string(MUST_BE.iotEndpoint),
  v.regex(/^[a-z0-9]+-ats\.iot\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?$/, MUST_BE.iotEndpoint),
);
const certificate = v.pipe(
  v.string(MUST_BE.certificate),
  v.regex(/^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/, MUST_BE.certificate),
);

/** An object with only these keys. Arrays are refused: valibot would take them for objects. */
const object = <Entries extends v.ObjectEntries>(entries: Entries) =>
  v.pipe(
    v.custom<object>(
      (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
      MUST_BE.object,
    ),
    v.strictObject(entries),
  );

const LIFECYCLE = {
  /**
   * Age in days at which a file moves to S3 Standard-IA.
   * @default - never
   */
  infrequentAccessAfterInDays: v.optional(infrequentAccessInDays),
  /**
   * Age in days at which a file moves to S3 Glacier Instant Retrieval; at least 30 more than
   * `infrequentAccessAfterInDays`, if that is set.
   * @default - never
   */
  glacierInstantRetrievalAfterInDays: v.optional(days),
  /**
   * Age in days at which S3 puts a delete marker on a file. Its bytes are kept.
   * @default - never
   */
  expireAfterInDays: v.optional(days),
};

const THROTTLING = {
  /**
   * Requests a second for each route.
   * @default 500
   */
  rateLimit: v.optional(v.pipe(v.number(MUST_BE.rate), v.gtValue(0, MUST_BE.rate)), 500),
  /**
   * Burst of requests for each route.
   * @default 1000
   */
  burstLimit: v.optional(
    v.pipe(v.number(MUST_BE.burst), v.integer(MUST_BE.burst), v.minValue(1, MUST_BE.burst)),
    1000,
  ),
};

const TOKENS = {
  /**
   * Hours that an access token of the user pool is valid. A user who is disabled or signed out can go on for as long.
   * @default 24
   */
  accessInHours: v.optional(wholeNumber(1, 24, MUST_BE.accessTokenInHours), 24),
  /**
   * Days after sign-in for which tokens can be renewed. Then the user signs in again.
   * @default 365
   */
  sessionInDays: v.optional(wholeNumber(1, 3650, MUST_BE.sessionInDays), 365),
};

/** Functions that strangers can call, without a token or with a wrong password. */
const RESERVED_CONCURRENCY = {
  /** Of the sign-in of docks. @default - none */
  authorizer: v.optional(wholeNumber(1, 10_000, MUST_BE.reservedConcurrency)),
  /** Of the sign-in of users. @default - none */
  login: v.optional(wholeNumber(1, 10_000, MUST_BE.reservedConcurrency)),
  /** Of the renewal of tokens. @default - none */
  tokenRefresh: v.optional(wholeNumber(1, 10_000, MUST_BE.reservedConcurrency)),
  /** Of requests to unknown routes. @default - none */
  unknownRoute: v.optional(wholeNumber(1, 10_000, MUST_BE.reservedConcurrency)),
};

const DOCK = {
  /**
   * `full`: the library is the docks' only cloud. `media-only`: another cloud replies to everything but the
   * methods of media upload.
   * @default 'full'
   */
  mode: v.optional(v.picklist(DOCK_MODES, MUST_BE.dockMode), 'full'),
  /**
   * Where docks connect to: `managed-domain`, an address that AWS makes for this stack; `custom-domain`;
   * `account-default`, the account's own address; or `none`, a library without docks.
   * @default 'managed-domain'
   */
  endpoint: v.optional(v.picklist(DOCK_ENDPOINTS, MUST_BE.dockEndpoint), 'managed-domain'),
  /** The domain of `custom-domain`. Its CNAME record is made by hand, see docs/operations.md. */
  domainName: v.optional(domainName),
  /** ARN of the domain's certificate in ACM, in the region of the stack, for `custom-domain`. */
  certificateArn: v.optional(certificate),
  /**
   * ARN of a public certificate in ACM for the domain, when the first one is signed by a private CA.
   * @default - the first certificate proves that the domain is yours
   */
  validationCertificateArn: v.optional(certificate),
};

const API_DOMAIN = {
  /** The domain, such as `api.example.com`. Its DNS record is made by hand, see docs/operations.md. */
  domainName: v.optional(domainName),
  /** ARN of its certificate in ACM, in the region of the stack. */
  certificateArn: v.optional(certificate),
};

const BRIDGE = {
  /** Domain that devices connect to, such as `bridge.example.com`. Its DNS record is made by hand, see docs/bridge.md. */
  domainName: v.optional(domainName),
  /** ARN of its certificate in ACM, in the region of the stack. */
  certificateArn: v.optional(certificate),
  /** The account's own address of AWS IoT, in the region of the stack: `aws iot describe-endpoint` returns it. */
  iotEndpoint: v.optional(iotEndpoint),
  /**
   * Whether devices may also connect without TLS, to port 1883. Everybody on the way can read their passwords.
   * @default false
   */
  plainPort: v.optional(v.boolean(MUST_BE.flag), false),
  /**
   * Image of Mosquitto.
   * @default - the official one, at Amazon's public registry
   */
  image: v.optional(text, MOSQUITTO_IMAGE),
};

const AUDIT_TRAIL = {
  /**
   * `writes`: CloudTrail records who uploaded or removed which object. `all`: downloads too.
   * @default 'none'
   */
  events: v.optional(v.picklist(AUDIT_EVENTS, MUST_BE.auditEvents), 'none'),
  /**
   * How long the records are kept, in days.
   * @default 365
   */
  retentionInDays: v.optional(days, 365),
};

const CONFIGURATION = {
  /**
   * Name of the stack in CloudFormation, of its API, and in metrics and log lines. Two stacks in one account
   * and region need two names.
   * @default 'MediaLibrary'
   */
  stackName: v.optional(stackName, 'MediaLibrary'),
  /**
   * Custom domain of the API. Its address then stays the same when the API is made anew.
   * @default - the address that AWS makes
   */
  apiDomain: v.optional(object(API_DOMAIN), {}),
  /**
   * OIDC issuer whose tokens the API accepts. The stack then has no user pool, no login and no token refresh.
   * @default - a Cognito user pool of the stack
   */
  oidcIssuer: v.optional(issuer),
  /**
   * A token must name one of these audiences. Required with `oidcIssuer`.
   * @default - the app client of the user pool
   */
  oidcAudience: v.optional(v.pipe(v.array(text, MUST_BE.texts), v.minLength(1, MUST_BE.texts))),
  /**
   * Token claim that lists a user's workspaces.
   * @default 'cognito:groups'
   */
  workspacesClaim: v.optional(text, 'cognito:groups'),
  /** Tokens of the user pool. */
  tokens: v.optional(object(TOKENS), {}),
  /**
   * Origins of web consoles that may call the API from a browser.
   * @default []
   */
  consoleOrigins: v.optional(v.array(origin, MUST_BE.origins), []),
  /**
   * Storage classes and expiry of files.
   * @default - files stay as they are
   */
  lifecycle: v.optional(object(LIFECYCLE), {}),
  /**
   * How long logs are kept, in days.
   * @default 30
   */
  logRetentionInDays: v.optional(v.picklist(LOG_RETENTION_DAYS, MUST_BE.logRetention), 30),
  /**
   * The lowest level that is logged. `INFO` is one line for each call.
   * @default 'INFO'
   */
  logLevel: v.optional(v.picklist(LOG_LEVELS, MUST_BE.logLevel), 'INFO'),
  /** CloudTrail's records of who did what with which object. AWS charges for each. */
  auditTrail: v.optional(object(AUDIT_TRAIL), {}),
  /** Limits of each route that needs a token. */
  throttling: v.optional(object(THROTTLING), {}),
  /**
   * Lambda's reserved concurrency of functions that strangers can call: they cannot use more of the account's
   * concurrency, and other functions cannot use theirs. New accounts have too little concurrency for it.
   * @default - none
   */
  reservedConcurrency: v.optional(object(RESERVED_CONCURRENCY), {}),
  /** Where docks connect to. */
  dock: v.optional(object(DOCK), {}),
  /** A bridge on AWS, for devices that cannot connect to AWS IoT. It costs some $40 a month. */
  bridge: v.optional(object(BRIDGE), {}),
  /**
   * MQTT address that sign-in returns to Pilot, such as `ssl://mqtt.example.com:8883`.
   * @default - `bridge.domainName` or `dock.domainName` with port 8883, if one is set; otherwise none
   */
  mqttAddress: v.optional(v.string(MUST_BE.textOrEmpty), ''),
  /**
   * Email address that alarms are sent to.
   * @default - alarms are only visible in CloudWatch
   */
  alarmEmail: v.optional(v.pipe(v.string(MUST_BE.email), v.email(MUST_BE.email))),
  /**
   * Monthly budget of the whole account, in US dollars. AWS sends an email to `alarmEmail` when 80 % are spent,
   * and when more than all of it is forecast.
   * @default - no budget
   */
  monthlyBudgetInUsd: v.optional(v.pipe(v.number(MUST_BE.usd), v.gtValue(0, MUST_BE.usd))),
};

const Configuration = object(CONFIGURATION);

/** The configuration with all defaults. */
export type Configuration = v.InferOutput<typeof Configuration>;

type BridgeKeys = Configuration['bridge'];

/** A bridge that is configured: with all of its keys. */
export type Bridge = { readonly [Key in keyof BridgeKeys]-?: NonNullable<BridgeKeys[Key]> };

/** The mistakes in a configuration, one sentence each. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/**
 * The configuration of a construct tree, from its context. Throws a `ConfigurationError` that names every
 * mistake.
 */
export function configurationOf(node: Node): Configuration {
  const context: unknown = node.tryGetContext(CONFIGURATION_KEY) ?? {};
  return parseConfiguration(typeof context === 'string' ? fromCommandLine(context) : context);
}

/**
 * Validates a configuration and adds the defaults. Throws a `ConfigurationError` that names every mistake.
 */
export function parseConfiguration(raw: unknown): Configuration {
  // A value that is wrong in two ways counts once.
  const parsed = v.safeParse(Configuration, raw, { abortPipeEarly: true });
  const mistakes = parsed.success ? contradictions(parsed.output) : parsed.issues.map(inWords);
  if (mistakes.length > 0 || !parsed.success) throw new ConfigurationError(mistakes.join('\n'));
  return parsed.output;
}

/** CDK passes on `-c media-library=…` as text. */
function fromCommandLine(typed: string): unknown {
  try {
    return JSON.parse(typed);
  } catch (cause) {
    throw new ConfigurationError(`${CONFIGURATION_KEY} must be a JSON object, and is ${show(typed)}.`, {
      cause,
    });
  }
}

/** Mistakes that involve several keys. */
function contradictions(configuration: Configuration): string[] {
  const { apiDomain, oidcIssuer, oidcAudience, lifecycle, dock, alarmEmail, monthlyBudgetInUsd } =
    configuration;
  const { infrequentAccessAfterInDays, glacierInstantRetrievalAfterInDays, expireAfterInDays } = lifecycle;
  const mistakes: string[] = [];

  if (oidcIssuer !== undefined && oidcAudience === undefined)
    mistakes.push(
      `${pathTo('oidcAudience')} must be ${MUST_BE.texts}, when oidcIssuer is set, and is missing.`,
    );
  if (oidcIssuer === undefined && oidcAudience !== undefined)
    mistakes.push(`${pathTo('oidcAudience')} must be set together with oidcIssuer, or not at all.`);

  if (infrequentAccessAfterInDays !== undefined && glacierInstantRetrievalAfterInDays !== undefined) {
    const earliest = infrequentAccessAfterInDays + DAYS_IN_A_STORAGE_CLASS;
    if (glacierInstantRetrievalAfterInDays < earliest)
      mistakes.push(
        `${pathTo('lifecycle.glacierInstantRetrievalAfterInDays')} must be at least ${earliest}, ` +
          `${DAYS_IN_A_STORAGE_CLASS} days after infrequentAccessAfterInDays, and is ${glacierInstantRetrievalAfterInDays}.`,
      );
  }

  const lastMove = Math.max(infrequentAccessAfterInDays ?? 0, glacierInstantRetrievalAfterInDays ?? 0);
  if (expireAfterInDays !== undefined && expireAfterInDays <= lastMove)
    mistakes.push(
      `${pathTo('lifecycle.expireAfterInDays')} must be greater than ${lastMove}, when files move to their last ` +
        `storage class, and is ${expireAfterInDays}.`,
    );

  if (monthlyBudgetInUsd !== undefined && alarmEmail === undefined)
    mistakes.push(
      `${pathTo('alarmEmail')} must be ${MUST_BE.email}, when monthlyBudgetInUsd is set, and is missing.`,
    );

  return [
    ...mistakes,
    ...contradictionsOfApiDomain(apiDomain),
    ...contradictionsOfDock(dock),
    ...contradictionsOfBridge(configuration),
    ...reservedForNothing(configuration),
  ];
}

function contradictionsOfApiDomain(apiDomain: Configuration['apiDomain']): string[] {
  if (Object.keys(apiDomain).length === 0) return [];
  const needed = { domainName: MUST_BE.domainName, certificateArn: MUST_BE.certificate };
  return Object.entries(needed)
    .filter(([key]) => apiDomain[key as keyof typeof needed] === undefined)
    .map(([key, mustBe]) => `${pathTo(`apiDomain.${key}`)} must be ${mustBe}, and is missing.`);
}

/** What the bridge needs, once something of it is configured. */
const BRIDGE_NEEDS = {
  domainName: MUST_BE.domainName,
  certificateArn: MUST_BE.certificate,
  iotEndpoint: MUST_BE.iotEndpoint,
} as const;

const bridgeKeys = Object.keys(BRIDGE_NEEDS) as (keyof typeof BRIDGE_NEEDS)[];

/** Whether there is a bridge. A checked configuration has all of it, or nothing. */
export const hasBridge = (bridge: Configuration['bridge']): bridge is Bridge =>
  bridgeKeys.some((key) => bridge[key] !== undefined);

function contradictionsOfBridge({ bridge, dock }: Configuration): string[] {
  if (!hasBridge(bridge))
    return bridge.plainPort
      ? [`${pathTo('bridge.plainPort')} must be set together with the rest of bridge.`]
      : [];
  const missing = bridgeKeys
    .filter((key) => bridge[key] === undefined)
    .map((key) => `${pathTo(`bridge.${key}`)} must be ${BRIDGE_NEEDS[key]}, and is missing.`);
  return dock.endpoint === 'none'
    ? [...missing, `${pathTo('bridge')} must not be set when dock.endpoint is "none".`]
    : missing;
}

/** Reserved concurrency of functions that the stack does not have. */
function reservedForNothing({ reservedConcurrency, oidcIssuer, dock }: Configuration): string[] {
  const absent = [
    ...(oidcIssuer !== undefined ? (['login', 'tokenRefresh'] as const) : []),
    ...(dock.endpoint === 'none' ? (['authorizer'] as const) : []),
  ];
  return absent
    .filter((key) => reservedConcurrency[key] !== undefined)
    .map((key) => {
      const why = key === 'authorizer' ? 'dock.endpoint is "none"' : 'oidcIssuer is set';
      return `${pathTo(`reservedConcurrency.${key}`)} must not be set when ${why}.`;
    });
}

function contradictionsOfDock(dock: Configuration['dock']): string[] {
  const condition = 'when dock.endpoint is "custom-domain"';
  if (dock.endpoint === 'custom-domain') {
    const needed = { domainName: MUST_BE.domainName, certificateArn: MUST_BE.certificate };
    return Object.entries(needed)
      .filter(([key]) => dock[key as keyof typeof needed] === undefined)
      .map(([key, mustBe]) => `${pathTo(`dock.${key}`)} must be ${mustBe}, ${condition}, and is missing.`);
  }
  const mistakes = (['domainName', 'certificateArn', 'validationCertificateArn'] as const)
    .filter((key) => dock[key] !== undefined)
    .map((key) => `${pathTo(`dock.${key}`)} must be set ${condition}, or not at all.`);
  return dock.endpoint === 'none' && dock.mode === 'media-only'
    ? [...mistakes, `${pathTo('dock.mode')} must not be "media-only" when dock.endpoint is "none".`]
    : mistakes;
}

function inWords(issue: v.BaseIssue<unknown>): string {
  const dotPath = v.getDotPath(issue) ?? '';
  // For an unknown key, a strict object expects "never".
  if (issue.type === 'strict_object' && issue.expected === 'never')
    return `${pathTo(dotPath)} is not a key. The keys are ${keysBeside(dotPath).join(', ')}.`;
  return `${pathTo(dotPath)} must be ${issue.message}, and is ${show(issue.input)}.`;
}

function keysBeside(dotPath: string): string[] {
  const parent = dotPath.split('.').slice(0, -1).join('.');
  const nested: Record<string, object> = {
    apiDomain: API_DOMAIN,
    auditTrail: AUDIT_TRAIL,
    bridge: BRIDGE,
    lifecycle: LIFECYCLE,
    tokens: TOKENS,
    throttling: THROTTLING,
    reservedConcurrency: RESERVED_CONCURRENCY,
    dock: DOCK,
  };
  return Object.keys(nested[parent] ?? CONFIGURATION);
}

/** A key with the path to it, as messages name it. */
export const pathTo = (dotPath: string): string =>
  [CONFIGURATION_KEY, ...(dotPath ? [dotPath] : [])].join('.');

const show = (value: unknown): string => JSON.stringify(value) ?? 'missing';
