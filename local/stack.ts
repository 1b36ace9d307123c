import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { composeServices } from '../packages/local-aws/compose.ts';
import { Identities, LOCAL_ACCOUNT_ID } from '../packages/local-aws/iam/identities.ts';
import type { Log } from '../packages/local-aws/lambda/definitions.ts';
import { tryLock } from '../packages/local-aws/lock.ts';
import {
  addressOf,
  checkPorts,
  type Listening,
  listenOn,
  type ServiceKey,
  StartError,
} from '../packages/local-aws/services.ts';
import { readAssembly } from '../packages/local-aws/template/assembly.ts';
import { type InterpretedTemplate, interpretTemplate } from '../packages/local-aws/template/interpreter.ts';
import { TemplateError } from '../packages/local-aws/template/intrinsics.ts';
import { readRoles } from '../packages/local-aws/template/resources/iam.ts';
import { RESOURCE_TYPES } from '../packages/local-aws/template/resources/index.ts';
import { type Account, openAccount } from './account.ts';
import { ensureDemoDockSettings } from './demo-dock-settings.ts';
import { ensureDemoDocks } from './demo-docks.ts';
import { ensureDemoUsers } from './demo-users.ts';
import { type Endpoints, writeEndpoints } from './endpoints.ts';
import { synthesise, touch } from './synthesis.ts';

/** The first of the ports that the local stack takes unless told otherwise. */
export const DEFAULT_PORT = 9700;

/** Where the data is unless told otherwise. */
export const DEFAULT_DATA_DIRECTORY = '.local';

const REGION = 'eu-central-1';

/** Assemblies are swept when nobody has used them for days; a running stack says that it does. */
const TOUCH_MILLISECONDS = 3600 * 1000;

/** How to start. */
export interface LocalStackOptions {
  /** Of the API, the other services follow; 0 takes free ones. @default 9700 */
  readonly port?: number | undefined;
  /** @default 127.0.0.1: whoever reaches the stack can try its passwords */
  readonly host?: string | undefined;
  /** @default .local */
  readonly dataDirectory?: string | undefined;
  /** Keeps the data in a folder of its own that is deleted at the end. @default false */
  readonly ephemeral?: boolean | undefined;
  /** Takes the lines of functions and services. @default dropped */
  readonly log?: Log | undefined;
  /** Told before the CDK app runs, which takes seconds. */
  readonly onSynthesis?: (() => void) | undefined;
}

/** The media library on this machine. */
export interface LocalStack {
  readonly endpoints: Endpoints;
  readonly dataDirectory: string;
  /** Finishes what is under way and stops. */
  close(): Promise<void>;
}

/** Starts everything that the template declares, and writes `endpoints.json`. */
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

type OnClose = (closer: () => Promise<void> | void) => void;

async function start(options: LocalStackOptions, onClose: OnClose): Promise<Omit<LocalStack, 'close'>> {
  const log = options.log ?? (() => {});
  const listening = { host: options.host ?? '127.0.0.1', port: options.port ?? DEFAULT_PORT };
  const dataDirectory = openDataDirectory(options, onClose);
  let endpoints: Endpoints | undefined;
  const introduction = (): string => `process ${process.pid}, ${endpoints?.api ?? 'still starting'}`;
  await lockDataDirectory(dataDirectory, introduction, onClose);
  if (listening.port !== 0) await checkPorts(listening);

  const assemblyDirectory = await synthesise({ onSynthesis: options.onSynthesis });
  const touching = setInterval(() => touch(assemblyDirectory), TOUCH_MILLISECONDS).unref();
  onClose(() => clearInterval(touching));
  const assembly = readAssembly(assemblyDirectory);
  const template = interpretTemplate(assembly.template, {
    types: RESOURCE_TYPES,
    environment: {
      region: REGION,
      accountId: LOCAL_ACCOUNT_ID,
      partition: 'aws',
      urlSuffix: 'amazonaws.com',
      stackName: assembly.stackName,
    },
  });

  const account = openAccount(dataDirectory);
  const identities = new Identities({ root: account.root, storePath: join(dataDirectory, 'sessions.json') });
  for (const role of readRoles(template)) identities.addRole(role);
  const addresses = new Map<ServiceKey, string>();
  const servers = await composeServices({
    template,
    assembly,
    identities,
    dataDirectory,
    log,
    onClose,
    addressOf: (key) => addresses.get(key) ?? '',
    endpoints: () => {
      if (!endpoints) throw new Error('The local stack is still starting');
      return endpoints;
    },
  });
  for (const { key, server } of servers) {
    const own = hostOf(key, listening);
    await listenOn(server, key, own);
    addresses.set(key, addressOf(server, own.host, SCHEMES[key]));
  }
  endpoints = endpointsOf(template, account, addresses);
  await ensureDemoAccounts(account, endpoints, template.outputs['DockSettingsSecretArn']);
  writeEndpoints(dataDirectory, endpoints);
  return { endpoints, dataDirectory };
}

const SCHEMES: Partial<Record<ServiceKey, string>> = { mqtt: 'mqtt', mqtt_ws: 'ws' };

/** The page shows every workspace without asking who looks, so it never leaves this machine. */
function hostOf(key: ServiceKey, listening: Listening): Listening {
  return key === 'page' ? { ...listening, host: '127.0.0.1' } : listening;
}

function endpointsOf(
  template: InterpretedTemplate,
  account: Account,
  addresses: ReadonlyMap<ServiceKey, string>,
): Endpoints {
  const address = (key: ServiceKey): string => addresses.get(key) ?? '';
  const userPoolId = template.outputs['UserPoolId'] ?? '';
  return {
    region: REGION,
    api: address('api'),
    s3: address('s3'),
    sts: address('sts'),
    dynamodb: address('dynamodb'),
    cognito: address('cognito'),
    mqtt: address('mqtt'),
    mqtt_ws: address('mqtt_ws') && `${address('mqtt_ws')}/mqtt`,
    iot_data: address('iot_data'),
    secretsmanager: address('secretsmanager'),
    sqs: address('sqs'),
    page: address('page'),
    bucket: output(template, 'MediaBucketName'),
    table: output(template, 'MediaTableName'),
    user_pool_id: userPoolId,
    user_pool_client_id: template.outputs['UserPoolClientId'] ?? '',
    users: userPoolId ? account.users : [],
    docks: address('mqtt') ? account.docks : [],
    root: { access_key_id: account.root.accessKeyId, secret_access_key: account.root.secretAccessKey },
  };
}

async function ensureDemoAccounts(
  account: Account,
  endpoints: Endpoints,
  secretArn: string | undefined,
): Promise<void> {
  const { root } = account;
  const { region, table, user_pool_id: userPoolId } = endpoints;
  if (userPoolId) await ensureDemoUsers(account, { address: endpoints.cognito, region, root, userPoolId });
  if (endpoints.docks.length > 0)
    await ensureDemoDocks(account, { address: endpoints.dynamodb, region, root, table });
  if (secretArn) await ensureDemoDockSettings({ address: endpoints.secretsmanager, region, root, secretArn });
}

function openDataDirectory(options: LocalStackOptions, onClose: OnClose): string {
  if (options.ephemeral) {
    const directory = mkdtempSync(join(realpathSync(tmpdir()), 'dji-media-library-'));
    onClose(() => rmSync(directory, { recursive: true, force: true }));
    return directory;
  }
  const directory = resolve(options.dataDirectory ?? DEFAULT_DATA_DIRECTORY);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StartError(`The data folder ${directory} cannot be made: ${(error as Error).message}`);
  }
  return realpathSync(directory);
}

async function lockDataDirectory(directory: string, describe: () => string, onClose: OnClose): Promise<void> {
  const lock = await tryLock(`data ${directory}`, describe);
  if (!('release' in lock)) {
    throw new StartError(
      `The data folder ${directory} is in use by another local stack (${lock.description}): choose another with --data`,
    );
  }
  onClose(() => lock.release());
}

function output(template: InterpretedTemplate, name: string): string {
  const value = template.outputs[name];
  if (value === undefined) throw new TemplateError(`The template has no output ${name}`);
  return value;
}
