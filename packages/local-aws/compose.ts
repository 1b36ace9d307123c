import type { Server } from 'node:net';
import { join } from 'node:path';
import { createLocalJWKSet } from 'jose';
import { MQTT_ADDRESS } from '../../functions/environment.ts';
import type { Endpoints } from '../../local/endpoints.ts';
import { createLazyPage } from '../../local/lazy-page.ts';
import { createApiGateway } from './api-gateway/api-gateway.ts';
import { discoveredKeys } from './api-gateway/jwt-authorizer.ts';
import { createCognito } from './cognito/cognito.ts';
import { createDynamoDb } from './dynamodb/dynamodb.ts';
import { EventBus } from './events/event-bus.ts';
import { s3BusEvent } from './events/s3-event.ts';
import { type Identities, LOCAL_ACCOUNT_ID, trustsService } from './iam/identities.ts';
import { createIotBroker } from './iot/broker.ts';
import { createIotData } from './iot/iot-data.ts';
import { readIotAuthorizer, readTopicRules } from './iot/resources.ts';
import type { FunctionCredentials, FunctionDefinition, Log } from './lambda/definitions.ts';
import { Lambda } from './lambda/lambda.ts';
import { createS3 } from './s3/s3.ts';
import { createSecretsManager } from './secrets-manager/secrets-manager.ts';
import { SERVICES, type ServiceKey } from './services.ts';
import { readQueues } from './sqs/resources.ts';
import { createSqs, type LocalSqs } from './sqs/sqs.ts';
import { createSts } from './sts/sts.ts';
import type { Assembly } from './template/assembly.ts';
import type { InterpretedTemplate } from './template/interpreter.ts';
import { TemplateError } from './template/intrinsics.ts';
import { readUserPools, userPoolOfIssuer } from './template/resources/cognito.ts';
import { readTables } from './template/resources/dynamodb.ts';
import { readEventRules } from './template/resources/events.ts';
import { readHttpApis } from './template/resources/http-api.ts';
import { readFunctions, readInvokePermissions } from './template/resources/lambda.ts';
import { bucketsWithEvents, readBuckets } from './template/resources/s3.ts';
import { readSecrets } from './template/resources/secrets-manager.ts';

/** Sessions of a function's role; roles allow an hour unless they say otherwise. */
const FUNCTION_SESSION_SECONDS = 3600;

/** What the services are made of. */
export interface ComposeOptions {
  readonly template: InterpretedTemplate;
  readonly assembly: Assembly;
  readonly identities: Identities;
  readonly dataDirectory: string;
  readonly log: Log;
  /** Where the services listen. Asked once they do. */
  readonly addressOf: (key: ServiceKey) => string;
  /** What the page shows. Asked once the stack runs. */
  readonly endpoints: () => Endpoints;
  /** Takes each service as soon as it is made, to close it in the end, the last one first. */
  readonly onClose: (close: () => Promise<void>) => void;
}

/** A server that waits for its port. */
export interface ComposedServer {
  readonly key: ServiceKey;
  readonly server: Server;
}

/** Makes every service from what the template says of it, in the order in which they need each other. */
export async function composeServices(options: ComposeOptions): Promise<ComposedServer[]> {
  const { template, identities } = options;
  const { region, partition } = template.environment;
  const accountId = LOCAL_ACCOUNT_ID;
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

  const queues = add(
    'sqs',
    await createSqs({ ...common('sqs'), queues: readQueues(template), log: options.log }),
  );
  add('dynamodb', await createDynamoDb({ ...common('dynamodb'), tables: readTables(template) }));
  const cognito = add(
    'cognito',
    await createCognito({ ...common('cognito'), userPools: readUserPools(template) }),
  );
  add(
    'secretsmanager',
    await createSecretsManager({ ...common('secretsmanager'), secrets: readSecrets(template) }),
  );
  add('sts', createSts({ identities, region, onFault: (error) => common('sts').log(String(error)) }));

  const functions = createFunctions(options, queues);
  options.onClose(() => functions.close());

  const bus = new EventBus({ rules: readEventRules(template), functions, queues, log: options.log });
  const tellingBuckets = bucketsWithEvents(template);
  add(
    's3',
    createS3({
      ...common('s3'),
      buckets: readBuckets(template),
      onEvent: (event) => {
        if (tellingBuckets.has(event.bucket)) bus.put(s3BusEvent(event, { region, accountId }));
      },
    }),
  );

  const authorizer = readIotAuthorizer(template);
  if (authorizer) {
    const location = { partition, region, accountId };
    const rules = readTopicRules(template);
    const broker = await createIotBroker({
      ...location,
      rules,
      authorizer,
      functions,
      queues,
      log: options.log,
    });
    options.onClose(() => broker.close());
    servers.push({ key: 'mqtt', server: broker.mqtt }, { key: 'mqtt_ws', server: broker.mqttWs });
    add('iot_data', createIotData({ ...location, identities, broker, log: options.log }));
  }

  const [api, ...otherApis] = readHttpApis(template);
  if (!api || otherApis.length > 0) throw new TemplateError('The local stack plays exactly one HTTP API');
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
        return userPoolId === undefined
          ? discoveredKeys(issuer)
          : createLocalJWKSet(cognito.jwks(userPoolId));
      },
    }),
  );
  add('page', createLazyPage(options.endpoints));
  return servers;
}

function createFunctions(
  { template, assembly, identities, addressOf, log }: ComposeOptions,
  queues: LocalSqs,
): Lambda {
  const definitions = readFunctions(template, assembly.codeDirectory).map((definition) =>
    withMqttAddress(definition, addressOf),
  );
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
        SERVICES.flatMap((service) =>
          'sdkVariable' in service ? [[service.sdkVariable, addressOf(service.key)]] : [],
        ),
      ),
    credentials: (definition) => functionCredentials(identities, definition),
    log,
    onFailure: (queueArn, record) => queues.send(queueArn, JSON.stringify(record)),
  });
}

/** The one address that the template cannot know and no variable of the SDK tells: where devices find the broker. */
function withMqttAddress(
  definition: FunctionDefinition,
  addressOf: (key: ServiceKey) => string,
): FunctionDefinition {
  if (!(MQTT_ADDRESS in definition.environment)) return definition;
  return {
    ...definition,
    get environment() {
      // Read when a worker starts, by which time the broker listens.
      return { ...definition.environment, [MQTT_ADDRESS]: addressOf('mqtt').replace(/^mqtt:/, 'tcp:') };
    },
  };
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
