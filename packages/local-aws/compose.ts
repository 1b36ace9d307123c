import type { Server } from 'node:net';
import { join } from 'node:path';
import { createLocalJWKSet } from 'jose';
import { createApiGateway } from './api-gateway/api-gateway.ts';
import { discoveredKeys } from './api-gateway/jwt-authorizer.ts';
import { createCognito } from './cognito/cognito.ts';
import { createDynamoDb } from './dynamodb/dynamodb.ts';
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
import { readUserPools, userPoolOfIssuer } from './template/resources/cognito.ts';
import { readTables } from './template/resources/dynamodb.ts';
import { readEventRules } from './template/resources/events.ts';
import { readHttpApis } from './template/resources/http-api.ts';
import { readIotAuthorizer, readTopicRules } from './template/resources/iot.ts';
import {
  readEventSourceMappings,
  readFunctions,
  readInvokePermissions,
} from './template/resources/lambda.ts';
import { readBuckets } from './template/resources/s3.ts';
import { readSecrets } from './template/resources/secrets-manager.ts';
import { readQueues } from './template/resources/sqs.ts';

/** Sessions of a function's role; roles allow an hour unless they say otherwise. */
const FUNCTION_SESSION_SECONDS = 3600;

/** Variables that a function gets besides those of the template, and in their place. Asked when a worker starts. */
export type EnvironmentOf = (
  fn: {
    /** What `Ref` answers. */
    readonly name: string;
    /** What the log calls it. */
    readonly label: string;
    readonly environment: Readonly<Record<string, string>>;
  },
  addresses: Addresses,
) => Readonly<Record<string, string>>;

/** What tests make shorter than it is on AWS. */
export interface TimeScales {
  /** Multiplies the batching windows of event source mappings. @default 1 */
  readonly batchingWindow?: number | undefined;
  /** Multiplies the delays of messages. @default 1 */
  readonly delay?: number | undefined;
  /** Multiplies the visibility timeouts of queues. @default 1 */
  readonly visibilityTimeout?: number | undefined;
}

/** What the services are made of. */
export interface ComposeOptions {
  readonly template: InterpretedTemplate;
  readonly assembly: Assembly;
  readonly identities: Identities;
  readonly dataDirectory: string;
  /** Where the services listen; complete once all of them do. */
  readonly addresses: Addresses;
  readonly environmentOf: EnvironmentOf;
  readonly timeScales: TimeScales;
  readonly notificationDeliveries: NotificationDeliveries | undefined;
  readonly log: Log;
  /** What to do when a service has lost what it had acknowledged. */
  readonly lossAdvice?: string | undefined;
  /** Takes each service as soon as it is made, to close it in the end, the last one first. */
  readonly onClose: (close: () => Promise<void>) => void;
}

/** A server that waits for its port. */
export interface ComposedServer {
  readonly key: ServiceKey;
  readonly server: Server;
}

/** What the services became. */
export interface Composition {
  readonly servers: readonly ComposedServer[];
  readonly functions: Lambda;
  /** Lets work begin that nobody calls for; for when every service listens. */
  readonly begin: () => void;
}

/**
 * Makes the services that the template declares something of, in the order in which they need each other. Two are always
 * there: STS, which tells a caller who he is, and EventBridge, since every account has its default bus. What the template does not declare is refused by name, so that no call leaves the machine.
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
  // Functions and rules ask it where their messages may go, so it is there without queues too, but nobody can call it.
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

  const bus = new EventBus({ rules: readEventRules(template), functions, queues, log: options.log });
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
      `${rules[0]?.name}: a topic rule needs a custom authorizer, by which the local AWS lets devices in`,
    );
  }
  if (authorizer) {
    const { log } = options;
    const broker = await createIotBroker({ ...location, rules, authorizer, functions, queues, log });
    options.onClose(() => broker.close());
    servers.push({ key: 'mqtt', server: broker.mqtt }, { key: 'mqtt_ws', server: broker.mqttWs });
    add('iot_data', createIotData({ ...location, identities, broker, log }));
  }

  const [api, ...otherApis] = readHttpApis(template);
  if (otherApis.length > 0) throw new TemplateError('The local AWS plays one HTTP API');
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
  add('other', createRefusal());
  const begin = () => {
    s3?.announceMissed();
    for (const mapping of mappings) mapping.start();
  };
  return { servers, functions, begin };
}

/** Runs what fails for a template that AWS would not deploy. */
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
  { template, assembly, identities, addresses, environmentOf, log }: ComposeOptions,
  queues: LocalSqs,
): Lambda {
  const definitions = readFunctions(template, assembly.codeDirectory).map((definition) => ({
    ...definition,
    // Read when a worker starts, by which time every service has its address.
    get environment() {
      const declared = Object.entries(definition.environment).map(([name, value]) => [
        name,
        withLocalAddresses(value, template.environment, addresses),
      ]);
      return { ...Object.fromEntries(declared), ...environmentOf(definition, addresses) };
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
    endpoints: () =>
      Object.fromEntries(
        SERVICES.flatMap((service) => {
          const address = addresses[service.key];
          return 'sdkVariable' in service && address !== undefined ? [[service.sdkVariable, address]] : [];
        }),
      ),
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
    durationSeconds: FUNCTION_SESSION_SECONDS,
  });
  if (sessionToken === undefined || expiresAt === undefined)
    throw new Error(`The session of ${name} is not temporary`);
  return { accessKeyId, secretAccessKey, sessionToken, expiresAt };
}
