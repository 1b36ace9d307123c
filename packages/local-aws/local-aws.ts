import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type AdministratorCall, administratorCall } from './administrator.ts';
import { composeServices, type EnvironmentOf, type TimeScales } from './compose.ts';
import type { BusEvent } from './events/definitions.ts';
import { base32 } from './iam/base32.ts';
import { DEFAULT_ACCOUNT_ID, Identities, type RootCredentials } from './iam/identities.ts';
import { jsonFile } from './json/json-file.ts';
import { withLocalAddresses } from './local-addresses.ts';
import { tryLock } from './lock.ts';
import { type Log, singleLines } from './log.ts';
import type { NotificationDeliveries } from './s3/notifications.ts';
import {
  type Addresses,
  checkPorts,
  type Ports,
  SERVICES,
  type ServiceKey,
  StartError,
  startService,
} from './services.ts';
import { readAssembly } from './template/assembly.ts';
import { interpretTemplate } from './template/interpreter.ts';
import { idleServices } from './template/resources/containers.ts';
import { readRoles } from './template/resources/iam.ts';
import { RESOURCE_TYPES } from './template/resources/index.ts';

const DEFAULT_REGION = 'us-east-1';

/** What to run, and where. */
export interface LocalAwsOptions {
  /**
   * Folder of a cloud assembly, as `cdk synth` writes it; or a function that makes one. It is called when the
   * data folder is locked and the ports are free.
   */
  readonly assembly: string | (() => Promise<string>);
  /** The stack to run, by its name. @default the only one of the assembly */
  readonly stackName?: string | undefined;
  /** Folder of the data, which stays for the next start. @default a temporary folder, deleted at the end */
  readonly data?: string | undefined;
  /** @default 127.0.0.1: whoever can reach the services can try passwords */
  readonly host?: string | undefined;
  /** @default free ones */
  readonly ports?: Ports | undefined;
  /** @default the region of the stack in the app, else us-east-1 */
  readonly region?: string | undefined;
  /** @default the account of the stack in the app, else 123456789012 */
  readonly accountId?: string | undefined;
  /** Values of the template's parameters. @default the template's defaults */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  /**
   * Variables of a function besides those of the template, such as addresses that only a deployment knows.
   * @default none
   */
  readonly environmentOf?: EnvironmentOf | undefined;
  /**
   * Where functions reach the services: by way of a proxy, for instance, that a test puts in front of one.
   * @default where the services listen
   */
  readonly addressesForFunctions?: ((addresses: Addresses) => Addresses) | undefined;
  /** What takes less time than on AWS, for tests. @default nothing */
  readonly timeScales?: TimeScales | undefined;
  /**
   * How often and how late a bucket's notification reaches its queue, for tests. S3 may repeat and delay
   * them.
   * @default once, at once
   */
  readonly notificationDeliveries?: NotificationDeliveries | undefined;
  /** Called with each event on the default bus, before its rules. For tests. */
  readonly onEvent?: ((event: BusEvent) => void) | undefined;
  /** Gets the log lines of functions and services. @default dropped */
  readonly log?: Log | undefined;
  /** Advice for the log when a service finds damaged files and has lost records. @default none */
  readonly lossAdvice?: string | undefined;
}

/** A running stack. `await using` closes it at the end of the block. */
export interface LocalAws extends AsyncDisposable {
  readonly region: string;
  readonly accountId: string;
  readonly stackName: string;
  /** Addresses of the services that run. */
  readonly addresses: Addresses;
  /** The outputs of the stack. Addresses of the API, the distribution and queues are local. */
  readonly outputs: Readonly<Record<string, string>>;
  /** The administrator of the account. No policy applies to it. */
  readonly root: RootCredentials;
  readonly dataDirectory: string;
  /**
   * The environment of a function, by its label in the log: addresses of the services and new credentials of
   * its role. With it, the source of a function can run elsewhere, such as in a debugger. Undefined when
   * there is no such function.
   */
  readonly functionEnvironment: (label: string) => Readonly<Record<string, string>> | undefined;
  /** Calls a service as the administrator, without the SDK. */
  readonly call: AdministratorCall;
  /** Finishes running work, and stops. */
  close(): Promise<void>;
}

type OnClose = (closer: () => Promise<void> | void) => void;

/**
 * Runs the template of a CDK app in this process: functions from their bundles, tables, buckets, queues and
 * topics. Every call is checked against the permissions of its role. Rejects with a `StartError` or a
 * `TemplateError`.
 */
export async function startLocalAws(options: LocalAwsOptions): Promise<LocalAws> {
  const closers: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const running = await start(options, (closer) => closers.push(closer));
    return { ...running, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(
  options: LocalAwsOptions,
  onClose: OnClose,
): Promise<Omit<LocalAws, 'close' | typeof Symbol.asyncDispose>> {
  const { host = '127.0.0.1', ports = {} } = options;
  const addresses: Partial<Record<ServiceKey, string>> = {};
  const dataDirectory = openDataDirectory(options.data, onClose);
  await lockDataDirectory(dataDirectory, () => introduction(addresses), onClose);
  await checkPorts(ports, host);

  const directory = typeof options.assembly === 'string' ? options.assembly : await options.assembly();
  const assembly = readAssembly(directory, options.stackName);
  const region = options.region ?? assembly.region ?? DEFAULT_REGION;
  const accountId = options.accountId ?? assembly.accountId ?? DEFAULT_ACCOUNT_ID;
  const { stackName } = assembly;
  const template = interpretTemplate(assembly.template, {
    types: RESOURCE_TYPES,
    environment: { region, accountId, partition: 'aws', urlSuffix: 'amazonaws.com', stackName },
    parameters: options.parameters ?? {},
  });

  const root = await openRootCredentials(dataDirectory);
  const identities = new Identities({ root, accountId, storePath: join(dataDirectory, 'sessions.json') });
  for (const role of readRoles(template)) identities.addRole(role);
  const { servers, functions, begin } = await composeServices({
    template,
    assembly,
    identities,
    dataDirectory,
    addresses,
    environmentOf: options.environmentOf ?? (() => ({})),
    addressesForFunctions: options.addressesForFunctions ?? ((all) => all),
    timeScales: options.timeScales ?? {},
    notificationDeliveries: options.notificationDeliveries,
    onEvent: options.onEvent,
    log: singleLines(options.log ?? (() => {})),
    lossAdvice: options.lossAdvice,
    onClose,
  });
  for (const { key, server } of servers) addresses[key] = await startService(server, key, ports, host);
  await begin();
  for (const service of idleServices(template))
    options.log?.({ source: 'ecs', line: `${service}: containers do not run here` });
  const outputs = Object.fromEntries(
    Object.entries(template.outputs).map(([name, value]) => [
      name,
      withLocalAddresses(value, template, addresses),
    ]),
  );
  const call = administratorCall({ addresses, region, root });
  return {
    region,
    accountId,
    stackName,
    addresses,
    outputs,
    root,
    dataDirectory,
    functionEnvironment: (label) => functions.environment(label),
    call,
  };
}

function openDataDirectory(data: string | undefined, onClose: OnClose): string {
  if (data === undefined) {
    const directory = mkdtempSync(join(realpathSync(tmpdir()), 'local-aws-'));
    onClose(() => rmSync(directory, { recursive: true, force: true }));
    return directory;
  }
  const directory = resolve(data);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    const reason = (error as Error).message;
    throw new StartError('data-unusable', `The data folder ${directory} cannot be made: ${reason}`);
  }
  return realpathSync(directory);
}

async function lockDataDirectory(directory: string, describe: () => string, onClose: OnClose): Promise<void> {
  const lock = await tryLock(`data ${directory}`, describe);
  if (!('release' in lock)) {
    throw new StartError('data-in-use', `The data folder ${directory} is in use by ${lock.description}`);
  }
  onClose(() => lock.release());
}

/** What another process that wants the data folder is told. */
function introduction(addresses: Addresses): string {
  const [first] = SERVICES.flatMap(({ key }) => addresses[key] ?? []);
  return `process ${process.pid} (${first ?? 'still starting'})`;
}

/** Made once, so the same credentials work after a restart. */
async function openRootCredentials(dataDirectory: string): Promise<RootCredentials> {
  const made: RootCredentials = {
    accessKeyId: `AKIA${base32(randomBytes(16), 16)}`,
    secretAccessKey: randomBytes(30).toString('base64'),
  };
  const file = jsonFile(join(dataDirectory, 'root.json'), () => made);
  const kept = (await file.read()) as RootCredentials | undefined;
  if (!kept) await file.write();
  return kept ?? made;
}
