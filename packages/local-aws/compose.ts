import type { Server } from 'node:net';
import { join } from 'node:path';
import { createLocalJWKSet } from 'jose';
import { createApiGateway } from './api-gateway/api-gateway.ts';
import { discoveredKeys } from './api-gateway/jwt-authorizer.ts';
import type { BucketDeploymentDefinition } from './bucket-deployment/definitions.ts';
import { runBucketDeployments } from './bucket-deployment/deployments.ts';
import { createCloudFront } from './cloudfront/cloudfront.ts';
import { createCognito } from './cognito/cognito.ts';
import { createDynamoDb } from './dynamodb/dynamodb.ts';
import type { BusEvent } from './events/definitions.ts';
import { EventBus } from './events/event-bus.ts';
import { createEventBridge } from './events/eventbridge.ts';
import { s3BusEvent } from './events/s3-event.ts';
import { type Identities, trustsService } from './iam/identities.ts';
import { createIotBroker } from './iot/broker.ts';
import { createIotData } from './iot/iot-data.ts';
import type { FunctionCredentials, FunctionDefinition } from './lambda/definitions.ts';
import { EventSourceMapping } from './lambda/event-source-mapping.ts';
import { Lambda } from './lambda/lambda.ts';
import { withLocalAddresses } from './local-addresses.ts';
import type { Log } from './log.ts';
import { createRefusal } from './refusal.ts';
import { BucketNotifications, type NotificationDeliveries } from './s3/notifications.ts';
import { createS3 } from './s3/s3.ts';
import { createSecretsManager } from './secrets-manager/secrets-manager.ts';
import { type Addresses, SERVICES, type ServiceKey } from './services.ts';
import { createSqs, type LocalSqs } from './sqs/sqs.ts';
import { createSts } from './sts/sts.ts';
import type { Assembly } from './template/assembly.ts';
import type { InterpretedTemplate } from './template/interpreter.ts';
import { TemplateError } from './template/intrinsics.ts';
import { readBucketDeployments } from './template/resources/bucket-deployment.ts';
import { readDistributions } from './template/resources/cloudfront.ts';
import { readUserPools, userPoolOfIssuer } from './template/resources/cognito.ts';
import { readTables } from './template/resources/dynamodb.ts';
import { readEventRules } from './template/resources/events.ts';
import { readHttpApis } from './template/resources/http-api.ts';
import { readIotAuthorizer, readTopicRules } from './template/resources/iot.ts';
import {
  readEventSourceMappings,
  readFunctions,
  readInvokePermissions,
  roleOfFunction,
} from './template/resources/lambda.ts';
import { readBuckets } from './template/resources/s3.ts';
import { readSecrets } from './template/resources/secrets-manager.ts';
import { readQueues } from './template/resources/sqs.ts';

/** Sessions of a function's role. An hour is the default limit of roles. */
const FUNCTION_SESSION_IN_SECONDS = 3600;

/** More variables of a function, which replace those of the template. Called when a worker starts. */
export type EnvironmentOf = (
  fn: {
    /** What `Ref` returns. */
    readonly name: string;
    /** The function's label in the log. */
    readonly label: string;
    readonly environment: Readonly<Record<string, string>>;
  },
  addresses: Addresses,
) => Readonly<Record<string, string>>;

/** What takes less time than on AWS, for tests. */
export interface TimeScales {
  /** Multiplies the batching windows of event source mappings. @default 1 */
  readonly batchingWindow?: number | undefined;
  /** Multiplies the delays of messages. @default 1 */
  readonly delay?: number | undefined;
  /** Multiplies the visibility timeouts of queues. @default 1 */
  readonly visibilityTimeout?: number | undefined;
  /** Multiplies the intervals of device authorizers: policy refresh, and the end of a connection. @default 1 */
  readonly deviceAuthorizer?: number | undefined;
}

/** What the services are made from. */
export interface ComposeOptions {
  readonly template: InterpretedTemplate;
  readonly assembly: Assembly;
  readonly identities: Identities;
  readonly dataDirectory: string;
  /** Addresses of the services. It is complete when all of them listen. */
  readonly addresses: Addresses;
  readonly environmentOf: EnvironmentOf;
  readonly addressesForFunctions: (addresses: Addresses) => Addresses;
  readonly timeScales: TimeScales;
  readonly notificationDeliveries: NotificationDeliveries | undefined;
  readonly onEvent: ((event: BusEvent) => void) | undefined;
  readonly log: Log;
  /** What to do when a service has lost records. */
  readonly lossAdvice?: string | undefined;
  /** Gets a function for each service that closes it. They must be called in reverse order. */
  readonly onClose: (close: () => Promise<void>) => void;
}

/** A server that does not listen yet. */
export interface ComposedServer {
  readonly key: ServiceKey;
  readonly server: Server;
}

/** The services. */
export interface Composition {
  readonly servers: readonly ComposedServer[];
  readonly functions: Lambda;
  /**
   * Puts deployed files into buckets, and starts work that no request triggers. Call it when every service
   * listens.
   */
  readonly begin: () => Promise<void>;
}

/**
 * Creates the services of the template's resources, in the order in which they depend on each other. Two
 * always run: STS, for GetCallerIdentity, and EventBridge, since each account has a default bus. Calls to
 * other services are refused by name, so that none leaves the machine.
 */
export async function composeServices(options: ComposeOptions): Promise<Composition> {
  const { template, identities, timeScales } = options;
  const { region, partition, accountId } = template.environment;
  const servers: ComposedServer[] = [];
  const add = <Service extends { readonly server: Server; close(): Promise<void> }>(
    key: ServiceKey,
    service: Service,
  ): Service => {
    servers.push({ key, server: service.server });
    options.onClose(() => service.close());
    return service;
  };
  const common = (source: ServiceKey) => ({
    identities,
    region,
    accountId,
    partition,
    dataDirectory: join(options.dataDirectory, source),
    log: (line: string) => options.log({ source, line, level: 'error' }),
  });

  const queueDefinitions = readQueues(template);
  const queues = await createSqs({
    ...common('sqs'),
    queues: queueDefinitions,
    delayScale: timeScales.delay,
    visibilityScale: timeScales.visibilityTimeout,
    log: options.log,
  });
  // Functions and rules send messages through it, so it exists without queues too; then it does not listen.
  if (queueDefinitions.length > 0) add('sqs', queues);
  const tables = readTables(template);
  if (tables.length > 0)
    add('dynamodb', await createDynamoDb({ ...common('dynamodb'), tables, lossAdvice: options.lossAdvice }));
  const userPools = readUserPools(template);
  const cognito =
    userPools.length > 0
      ? add('cognito', await createCognito({ ...common('cognito'), userPools }))
      : undefined;
  const secrets = readSecrets(template);
  if (secrets.length > 0)
    add('secretsmanager', await createSecretsManager({ ...common('secretsmanager'), secrets }));
  add('sts', createSts({ identities, region, onFault: (error) => common('sts').log(String(error)) }));

  const functions = createFunctions(options, queues);
  options.onClose(() => functions.close());
  const mappings = createMappings(options, functions, queues);

  const bus = new EventBus({
    rules: readEventRules(template),
    functions,
    queues,
    log: options.log,
    onEvent: options.onEvent,
  });
  add('eventbridge', createEventBridge({ ...common('eventbridge'), bus }));
  const buckets = readBuckets(template);
  const location = { partition, region, accountId };
  const notifications = asDeclared(
    () =>
      new BucketNotifications({
        ...location,
        buckets,
        sqs: queues,
        toEventBridge: (event) => bus.put(s3BusEvent(event, location)),
        deliveries: options.notificationDeliveries,
      }),
  );
  const s3 =
    buckets.length > 0
      ? add(
          's3',
          createS3({
            ...common('s3'),
            buckets,
            onEvent: (event) => notifications.tell(event),
            onConfigured: (bucketName) => notifications.test(bucketName),
            lossAdvice: options.lossAdvice,
          }),
        )
      : undefined;

  const authorizer = readIotAuthorizer(template);
  const rules = readTopicRules(template);
  if (rules.length > 0 && !authorizer) {
    throw new TemplateError(
      `${rules[0]?.name}: a topic rule needs a custom authorizer, which the local AWS authenticates devices with`,
    );
  }
  if (authorizer) {
    const { log } = options;
    const broker = await createIotBroker({
      ...location,
      rules,
      authorizer,
      functions,
      queues,
      log,
      secondInMilliseconds: 1_000 * (timeScales.deviceAuthorizer ?? 1),
    });
    options.onClose(() => broker.close());
    servers.push({ key: 'mqtt', server: broker.mqtt }, { key: 'mqtt_ws', server: broker.mqttWs });
    add('iot_data', createIotData({ ...location, identities, broker, log }));
  }

  const [api, ...otherApis] = readHttpApis(template);
  if (otherApis.length > 0) throw new TemplateError('The local AWS supports one HTTP API');
  if (api) {
    add(
      'api',
      createApiGateway({
        api,
        functions,
        region,
        accountId,
        log: options.log,
        keysOf: async (issuer) => {
          const userPoolId = userPoolOfIssuer(template, issuer);
          return userPoolId === undefined || !cognito
            ? discoveredKeys(issuer)
            : createLocalJWKSet(cognito.jwks(userPoolId));
        },
      }),
    );
  }
  const [distribution, ...otherDistributions] = readDistributions(template);
  if (otherDistributions.length > 0) throw new TemplateError('The local AWS supports one distribution');
  if (distribution) {
    const context = { 'aws:SourceArn': distribution.arn, 'aws:SourceAccount': accountId };
    const identity = identities.addService({ service: 'cloudfront.amazonaws.com', context });
    const { addresses, log } = options;
    add('cloudfront', createCloudFront({ distribution, addresses, identity, region, log }));
  }
  add('other', createRefusal());
  const deployments = (): readonly BucketDeploymentDefinition[] =>
    readBucketDeployments(template, {
      assetPath: options.assembly.assetPath,
      roleOf: (functionArn) => roleOfFunction(template, functionArn),
      localised: (text) => withLocalAddresses(text, template, options.addresses),
    });
  // A mistake in one stops the start before anything listens.
  deployments();
  const begin = async (): Promise<void> => {
    s3?.announceMissed();
    for (const mapping of mappings) mapping.start();
    await runBucketDeployments({
      deployments: deployments(),
      file: join(options.dataDirectory, 'deployments.json'),
      addresses: options.addresses,
      region,
      identities,
    });
  };
  return { servers, functions, begin };
}

/** Wraps errors about a template that AWS would not deploy. */
function asDeclared<T>(make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw cause instanceof TemplateError ? cause : new TemplateError((cause as Error).message, { cause });
  }
}

function createMappings(
  { template, timeScales, log, onClose }: ComposeOptions,
  functions: Lambda,
  sqs: LocalSqs,
): EventSourceMapping[] {
  return readEventSourceMappings(template).map((definition) => {
    const mapping = asDeclared(
      () =>
        new EventSourceMapping({
          definition,
          functions,
          sqs,
          region: template.environment.region,
          log,
          batchingWindowScale: timeScales.batchingWindow,
        }),
    );
    onClose(() => mapping.close());
    return mapping;
  });
}

function createFunctions(
  { template, assembly, identities, addresses, environmentOf, addressesForFunctions, log }: ComposeOptions,
  queues: LocalSqs,
): Lambda {
  const definitions = readFunctions(template, assembly.assetPath).map((definition) => ({
    ...definition,
    // Read when a worker starts. All services have their addresses by then.
    get environment() {
      const reached = addressesForFunctions(addresses);
      const declared = Object.entries(definition.environment).map(([name, value]) => [
        name,
        withLocalAddresses(value, template, reached),
      ]);
      return { ...Object.fromEntries(declared), ...environmentOf(definition, reached) };
    },
  }));
  for (const { label, roleArn, onFailureArn } of definitions) {
    const role = identities.findRole(roleArn);
    if (!role || !trustsService(role, 'lambda.amazonaws.com')) {
      throw new TemplateError(`${label}: its role cannot be assumed by Lambda`);
    }
    if (onFailureArn !== undefined)
      queues.checkSender(onFailureArn, { roleArn, service: 'lambda.amazonaws.com' });
  }
  return new Lambda({
    functions: definitions,
    permissions: readInvokePermissions(template),
    region: template.environment.region,
    accountId: template.environment.accountId,
    endpoints: () => {
      const reached = addressesForFunctions(addresses);
      return Object.fromEntries(
        SERVICES.flatMap((service) => {
          const address = reached[service.key];
          return 'sdkVariable' in service && address !== undefined ? [[service.sdkVariable, address]] : [];
        }),
      );
    },
    credentials: (definition) => functionCredentials(identities, definition),
    log,
    onFailure: (queueArn, record) => queues.send(queueArn, JSON.stringify(record)),
  });
}

function functionCredentials(
  identities: Identities,
  { name, roleArn }: FunctionDefinition,
): FunctionCredentials {
  const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = identities.mintForRole(roleArn, {
    sessionName: name,
    durationInSeconds: FUNCTION_SESSION_IN_SECONDS,
  });
  if (sessionToken === undefined || expiresAt === undefined)
    throw new Error(`The session of ${name} is not temporary`);
  return { accessKeyId, secretAccessKey, sessionToken, expiresAt };
}
