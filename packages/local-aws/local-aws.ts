import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type AdministratorCall, administratorCall } from './administrator.ts';
import { composeServices, type EnvironmentOf, type TimeScales } from './compose.ts';
import { base32 } from './iam/base32.ts';
import { DEFAULT_ACCOUNT_ID, Identities, type RootCredentials } from './iam/identities.ts';
import { jsonFile } from './json/json-file.ts';
import { withLocalAddresses } from './local-addresses.ts';
import { tryLock } from './lock.ts';
import type { Log } from './log.ts';
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
import { readRoles } from './template/resources/iam.ts';
import { RESOURCE_TYPES } from './template/resources/index.ts';

const DEFAULT_REGION = 'us-east-1';

/** What to run, and where. */
export interface LocalAwsOptions {
  /**
   * Folder of a cloud assembly, as `cdk synth` writes it; or what makes one, which is called once the data folder is
   * locked and the ports are known to be free.
   */
  readonly assembly: string | (() => Promise<string>);
  /** The stack to run, by its name. @default the only one of the assembly */
  readonly stackName?: string | undefined;
  /** Folder of the data, which survives a restart. @default a folder of its own, deleted at the end */
  readonly data?: string | undefined;
  /** @default 127.0.0.1: whoever reaches the services can try their passwords */
  readonly host?: string | undefined;
  /** @default free ones */
  readonly ports?: Ports | undefined;
  /** @default what the app gives the stack, else us-east-1 */
  readonly region?: string | undefined;
  /** @default what the app gives the stack, else 123456789012 */
  readonly accountId?: string | undefined;
  /** Values of the template's parameters. @default the template's defaults */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  /** Variables of a function beyond those of the template, such as an address that only a deployment knows. @default none */
  readonly environmentOf?: EnvironmentOf | undefined;
  /** What takes less time than on AWS, for tests. @default nothing */
  readonly timeScales?: TimeScales | undefined;
  /**
   * How often, and how late, a notification of a bucket reaches its queue, for tests of what S3 may do as well.
   * @default once, at once
   */
  readonly notificationDeliveries?: NotificationDeliveries | undefined;
  /** Takes the lines of functions and services. @default dropped */
  readonly log?: Log | undefined;
  /** What the log says to do when a service finds that files of its were damaged and records are gone. @default nothing */
  readonly lossAdvice?: string | undefined;
}

/** A running stack. `await using` closes it at the end of its block. */
export interface LocalAws extends AsyncDisposable {
  readonly region: string;
  readonly accountId: string;
  readonly stackName: string;
  /** Of the services that run. */
  readonly addresses: Addresses;
  /** The stack's outputs. Addresses of its API and its queues are those of this machine. */
  readonly outputs: Readonly<Record<string, string>>;
  /** The administrator of the account, to whom no policy applies. */
  readonly root: RootCredentials;
  readonly dataDirectory: string;
  /**
   * The environment of a function, by the label that the log gives it: addresses of the services and new credentials of
   * its role, so that its source can run elsewhere, under a debugger for instance. Undefined when there is no such function.
   */
  readonly functionEnvironment: (label: string) => Readonly<Record<string, string>> | undefined;
  /** Calls a service as the administrator, without the SDK. */
  readonly call: AdministratorCall;
  /** Finishes what is under way and stops. */
  close(): Promise<void>;
}

type OnClose = (closer: () => Promise<void> | void) => void;

/**
 * Runs the template of a CDK app on this machine, in this process: its functions from their bundles, its tables, buckets,
 * queues and topics, each call with the permissions of its role. Rejects with a `StartError` or a `TemplateError`.
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
    timeScales: options.timeScales ?? {},
    notificationDeliveries: options.notificationDeliveries,
    log: options.log ?? (() => {}),
    lossAdvice: options.lossAdvice,
    onClose,
  });
  for (const { key, server } of servers) addresses[key] = await startService(server, key, ports, host);
  begin();
  const outputs = Object.fromEntries(
    Object.entries(template.outputs).map(([name, value]) => [
      name,
      withLocalAddresses(value, template.environment, addresses),
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

/** What whoever wants the same data folder is told. */
function introduction(addresses: Addresses): string {
  const [first] = SERVICES.flatMap(({ key }) => addresses[key] ?? []);
  return `process ${process.pid} (${first ?? 'still starting'})`;
}

/** Made once, so that a restart does not lock anybody out. */
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
