import { MQTT_ADDRESS } from '../functions/environment.ts';
import {
  addressOf,
  type BusEvent,
  checkPort,
  checkPorts,
  type EnvironmentOf,
  type Listening,
  type LocalAws,
  type LocalAwsOptions,
  type Log,
  listenOn,
  type NotificationDeliveries,
  portsFrom,
  SERVICES,
  StartError,
  startLocalAws,
  TemplateError,
  type TimeScales,
} from '../packages/local-aws/index.ts';
import { type Account, openAccount } from './account.ts';
import { ensureDemoDockSettings } from './demo-dock-settings.ts';
import { ensureDemoDocks } from './demo-docks.ts';
import { ensureDemoUsers } from './demo-users.ts';
import { DEFAULT_DATA_DIRECTORY, type Endpoints, writeEndpoints } from './endpoints.ts';
import { createLazyPage } from './lazy-page.ts';
import { synthesise, touch } from './synthesis.ts';

/** The default of the first port. */
export const DEFAULT_PORT = 9700;

/** The distance to the next block of ports to try. */
const BLOCK_OF_PORTS = 20;

/** The number of ports: one for each service, and one for the page. */
export const PORTS_IN_A_ROW = SERVICES.length + 1;

const REGION = 'eu-central-1';

/** The page shows all workspaces without sign-in, so it is for this machine only. */
const PAGE_HOST = '127.0.0.1';

/** Assemblies that were not used for days are deleted. A running stack marks its own as used. */
const TOUCH_INTERVAL_IN_MILLISECONDS = 3600 * 1000;

/** How to start the local stack. */
export interface LocalStackOptions {
  /**
   * Of the API; the other services follow. 0 takes free ports. @default 9700, or the next block of free ports
   */
  readonly port?: number | undefined;
  /**
   * Called when the default ports are not free, with the reason and the first port of the block that is used.
   */
  readonly onOtherPorts?: ((reason: string, port: number) => void) | undefined;
  /** @default 127.0.0.1: whoever can reach the stack can try passwords */
  readonly host?: string | undefined;
  /** @default .local */
  readonly dataDirectory?: string | undefined;
  /** Keeps the data in a temporary folder, which is deleted at the end. @default false */
  readonly ephemeral?: boolean | undefined;
  /** Receives the log lines of functions and services. @default dropped */
  readonly log?: Log | undefined;
  /**
   * Where functions reach the services, for tests that put a proxy in front of one. @default where they
   * listen
   */
  readonly addressesForFunctions?: LocalAwsOptions['addressesForFunctions'];
  /** What takes less time than on AWS, for tests. @default nothing */
  readonly timeScales?: TimeScales | undefined;
  /** How often and how late notifications of the bucket are delivered, for tests. @default once, at once */
  readonly notificationDeliveries?: NotificationDeliveries | undefined;
  /** Called with each event on the default bus, for tests. */
  readonly onEvent?: ((event: BusEvent) => void) | undefined;
  /** Keys of the configuration, besides those of `cdk.json`, for tests. @default none */
  readonly configuration?: Readonly<Record<string, unknown>> | undefined;
  /** Called before the CDK app runs, which takes seconds. */
  readonly onSynthesis?: (() => void) | undefined;
}

/** The media library on this machine. */
export interface LocalStack {
  readonly endpoints: Endpoints;
  readonly dataDirectory: string;
  /** Finishes running work, and stops. */
  close(): Promise<void>;
}

type OnClose = (closer: () => Promise<void> | void) => void;

/** Starts the services of the template, and writes `endpoints.json`. */
export async function startLocalStack(options: LocalStackOptions = {}): Promise<LocalStack> {
  const closers: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const { endpoints, dataDirectory } = await start(options, (closer) => closers.push(closer));
    return { endpoints, dataDirectory, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(options: LocalStackOptions, onClose: OnClose): Promise<Omit<LocalStack, 'close'>> {
  const { port, reason } =
    options.port === undefined ? await freePorts(options.host) : { port: options.port, reason: undefined };
  const pageListening = pageAt(port);
  const aws = await startLocalAws({
    assembly: async () => {
      if (reason !== undefined) options.onOtherPorts?.(reason, port);
      if (port !== 0) await checkPort(pageListening);
      const directory = await synthesise({
        configuration: options.configuration,
        onSynthesis: options.onSynthesis,
      });
      const touching = setInterval(() => touch(directory), TOUCH_INTERVAL_IN_MILLISECONDS).unref();
      onClose(() => clearInterval(touching));
      return directory;
    },
    data: options.ephemeral ? undefined : (options.dataDirectory ?? DEFAULT_DATA_DIRECTORY),
    host: options.host,
    ports: portsFrom(port),
    region: REGION,
    environmentOf: mqttAddress,
    addressesForFunctions: options.addressesForFunctions,
    timeScales: options.timeScales,
    notificationDeliveries: options.notificationDeliveries,
    onEvent: options.onEvent,
    log: options.log,
    lossAdvice: 'Run npm run admin -- reconcile: it compares the catalog with the bucket and corrects it.',
  });
  onClose(() => aws.close());

  let endpoints: Endpoints | undefined;
  const page = createLazyPage(aws, () => {
    if (!endpoints) throw new Error('The local stack is still starting');
    return endpoints;
  });
  onClose(() => page.close());
  await listenOn(page.server, pageListening);

  const account = openAccount(aws.dataDirectory);
  endpoints = endpointsOf(aws, account, addressOf(page.server, PAGE_HOST));
  await ensureDemoAccounts(aws, account, endpoints);
  writeEndpoints(aws.dataDirectory, endpoints);
  return { endpoints, dataDirectory: aws.dataDirectory };
}

const pageAt = (port: number): Listening => ({
  title: 'page',
  host: PAGE_HOST,
  port: port === 0 ? 0 : port + SERVICES.length,
});

/** The first port of a block of free ports, and the reason when it is not the default. */
async function freePorts(host = '127.0.0.1'): Promise<{ port: number; reason: string | undefined }> {
  let reason: string | undefined;
  for (let port = DEFAULT_PORT; ; port += BLOCK_OF_PORTS) {
    try {
      await checkPorts(portsFrom(port), host);
      await checkPort(pageAt(port));
      return { port, reason };
    } catch (error) {
      const isLast = port + BLOCK_OF_PORTS + PORTS_IN_A_ROW > 65_536;
      if (isLast || !(error instanceof StartError) || error.code !== 'port-unavailable') throw error;
      reason ??= error.message;
    }
  }
}

/** Only the running stack knows the address of the broker, and the SDK has no variable for it. */
const mqttAddress: EnvironmentOf = ({ environment }, addresses) =>
  MQTT_ADDRESS in environment && addresses.mqtt !== undefined
    ? { [MQTT_ADDRESS]: addresses.mqtt.replace(/^mqtt:/, 'tcp:') }
    : {};

function endpointsOf(aws: LocalAws, account: Account, page: string): Endpoints {
  const { addresses, outputs, root } = aws;
  const userPoolId = outputs['UserPoolId'] ?? '';
  return {
    region: aws.region,
    api: addresses.api ?? '',
    s3: addresses.s3 ?? '',
    sts: addresses.sts ?? '',
    dynamodb: addresses.dynamodb ?? '',
    cognito: addresses.cognito ?? '',
    mqtt: addresses.mqtt ?? '',
    mqtt_ws: addresses.mqtt_ws ?? '',
    iot_data: addresses.iot_data ?? '',
    secretsmanager: addresses.secretsmanager ?? '',
    sqs: addresses.sqs ?? '',
    changes_queue_url: output(aws, 'ChangesQueueUrl'),
    digests_queue_url: output(aws, 'DigestsQueueUrl'),
    flight_checks_queue_url: output(aws, 'FlightChecksQueueUrl'),
    page,
    bucket: output(aws, 'MediaBucketName'),
    table: output(aws, 'MediaTableName'),
    user_pool_id: userPoolId,
    user_pool_client_id: outputs['UserPoolClientId'] ?? '',
    users: userPoolId ? account.users : [],
    docks: addresses.mqtt ? account.docks : [],
    root: { access_key_id: root.accessKeyId, secret_access_key: root.secretAccessKey },
  };
}

async function ensureDemoAccounts(aws: LocalAws, account: Account, endpoints: Endpoints): Promise<void> {
  const { root, call } = aws;
  const { region, table, user_pool_id: userPoolId } = endpoints;
  const secretArn = aws.outputs['DockSettingsSecretArn'];
  if (userPoolId) await ensureDemoUsers(account, userPoolId, call);
  if (endpoints.docks.length > 0)
    await ensureDemoDocks(account, { address: endpoints.dynamodb, region, root, table }, call);
  if (secretArn) await ensureDemoDockSettings(secretArn, call);
}

function output({ outputs }: LocalAws, name: string): string {
  const value = outputs[name];
  if (value === undefined) throw new TemplateError(`The template has no output ${name}`);
  return value;
}
