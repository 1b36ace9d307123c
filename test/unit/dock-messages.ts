import type { Context } from 'aws-lambda';
import { vi } from 'vitest';
import { InMemoryDevicePublisher, type Published } from '../../fakes/in-memory-device-publisher.ts';
import { InMemoryDeviceRegistry } from '../../fakes/in-memory-device-registry.ts';
import { InMemoryLibrary } from '../../fakes/in-memory-library.ts';
import { InMemoryMediaCatalog } from '../../fakes/in-memory-media-catalog.ts';
import { mqttDockServices } from '../../functions/adapters/mqtt-dock-services.ts';
import { dockSettingsOf } from '../../functions/adapters/secrets-manager-dock-settings.ts';
import type { DockServices } from '../../functions/core/dock-services.ts';
import type { PrioritizationLog } from '../../functions/core/flight-priority.ts';
import type { Gateway, GatewaySn } from '../../functions/core/gateway.ts';
import type { CredentialIssuer } from '../../functions/core/upload-credentials.ts';
import { WORKSPACE } from '../fixtures/library.ts';

/** The dock of the messages in `fixtures/dock/`. */
export const SN = '4TADKAQ000002J' as GatewaySn;
/** Another one. */
export const OTHER_SN = '7CTDM4B00B2W1X' as GatewaySn;

/** A registered dock. */
export const gateway = (changes: Partial<Gateway> = {}): Gateway => ({
  sn: SN,
  workspaceId: WORKSPACE,
  workspaceName: 'Survey',
  passwordHash: 'sha256$c2FsdA$a2V5',
  revoked: false,
  createdAt: '2026-04-12T09:30:00.000Z',
  ...changes,
});

/** A message with all fields of the envelope; `undefined` leaves one out. */
export const message = (method: string | undefined, data: unknown, changes: object = {}) => ({
  tid: '6a7bfe89-c386-4043-b600-b518e10096cc',
  bid: '42a19f36-5117-4520-bd13-fd61d818d52e',
  timestamp: 1_654_070_968_655,
  gateway: SN,
  method,
  data,
  ...changes,
});

/** The event of a topic rule. Text is used unchanged. */
export const ruleEvent = (sent: unknown, sn: string = SN) => ({
  gateway_sn: sn,
  payload: Buffer.from(typeof sent === 'string' ? sent : JSON.stringify(sent)).toString('base64'),
});

const LAMBDA: Context = {
  functionName: 'dock',
  functionVersion: '$LATEST',
  invokedFunctionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:dock',
  memoryLimitInMB: '512',
  awsRequestId: 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef',
  getRemainingTimeInMillis: () => 9_000,
} as Context;

/** Calls a handler as Lambda does. */
export const invoke = (handler: unknown, event: unknown, changes: Partial<Context> = {}): Promise<unknown> =>
  (handler as (event: unknown, context: Context) => Promise<unknown>)(event, { ...LAMBDA, ...changes });

/** All ports of the functions of docks, in memory. */
export class DockWorld {
  readonly registry = new InMemoryDeviceRegistry();
  readonly publisher = new InMemoryDevicePublisher();
  readonly catalog = new InMemoryMediaCatalog();
  readonly library = new InMemoryLibrary(this.catalog);
  readonly storage = this.library.storage;
  readonly log = {
    begin: vi.fn<PrioritizationLog['begin']>(async () => {}),
    answer: vi.fn<PrioritizationLog['answer']>(async () => true),
    started: vi.fn<PrioritizationLog['started']>(async () => {}),
  };
  /** Content of the secret. */
  settings: Record<string, unknown> = {
    ntp_server_host: 'time.aws.com',
    ntp_server_port: 124,
    app_id: '101',
    app_key: 'very-secret-key',
    app_license: 'very-secret-licence',
  };
  readonly issue = vi.fn<CredentialIssuer['issue']>(async () => ({
    accessKeyId: 'ASIAEXAMPLE',
    secretAccessKey: 'very-secret-key',
    sessionToken: 'very-secret-token',
    expiresAt: new Date(Date.now() + 3_600_000),
  }));

  constructor() {
    this.registry.gateways.set(SN, gateway());
  }

  get docks(): DockServices {
    return mqttDockServices(this.publisher);
  }

  get published(): readonly Published[] {
    return this.publisher.published;
  }
}

/** An object that calls the methods of another one, which tests may replace. */
const delegate = <Port extends object>(current: () => Port): Port =>
  new Proxy({} as Port, {
    get: (_target, name) => {
      const value: unknown = Reflect.get(current(), name);
      return typeof value === 'function' ? value.bind(current()) : value;
    },
  });

/** Loads the handlers, with the ports of the current test. */
export function dockFunctions(world: () => DockWorld) {
  vi.doMock('../../functions/ports.ts', () => ({
    dockPorts: () => ({
      registry: delegate(() => world().registry),
      publisher: delegate(() => world().publisher),
    }),
    mediaLibrary: () => ({
      catalog: delegate(() => world().catalog),
      storage: delegate(() => world().storage),
      events: delegate(() => world().library.events),
      watch: delegate(() => world().library.watch),
      digests: delegate(() => world().library.digests),
    }),
    prioritizationLog: () => delegate(() => world().log),
    dockSettingsSource: () => ({ read: async () => dockSettingsOf(world().settings) }),
    credentialIssuer: (): CredentialIssuer => ({
      location: {
        provider: 'aws',
        bucket: 'media',
        endpoint: 'https://s3.example.com',
        region: 'eu-central-1',
      },
      issue: (request) => world().issue(request),
    }),
  }));

  /** Calls a function with a message, as its topic rule would. */
  return async (
    name: string,
    sent: unknown,
    { sn = SN, context = {} }: { sn?: string; context?: Partial<Context> } = {},
  ): Promise<unknown> => {
    const { handler } = await import(`../../functions/dock/${name}.ts`);
    return invoke(handler, ruleEvent(sent, sn), context);
  };
}
