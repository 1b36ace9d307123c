import { randomBytes } from 'node:crypto';
import type { DockSettings } from '../functions/core/dock-settings.ts';
import type { FlightRef } from '../functions/core/flight.ts';
import type { GatewaySn } from '../functions/core/gateway.ts';
import { hashPassword } from '../functions/core/gateway-password.ts';
import type { LibraryWithDigester, LibraryWithDigests } from '../functions/core/library.ts';
import type { LibraryEvent } from '../functions/core/library-events.ts';
import type { FileLists, MediaCatalog } from '../functions/core/media-catalog.ts';
import type { ObjectVersion } from '../functions/core/media-file.ts';
import type { CredentialIssuer, StorageLocation } from '../functions/core/upload-credentials.ts';
import type { WorkspaceId } from '../functions/core/workspace.ts';
import type { WorkspaceDirectory } from '../functions/core/workspace-directory.ts';
import { InMemoryDevicePublisher } from './in-memory-device-publisher.ts';
import { InMemoryDeviceRegistry } from './in-memory-device-registry.ts';
import { InMemoryIdentityProvider } from './in-memory-identity-provider.ts';
import { InMemoryMediaCatalog } from './in-memory-media-catalog.ts';
import { InMemoryObjectStorage } from './in-memory-object-storage.ts';
import { InMemoryPrioritizationLog } from './in-memory-prioritization-log.ts';
import { InMemorySessionStore } from './in-memory-session-store.ts';

/** Name of the workspace of the user and of gateways. */
const WORKSPACE_NAME = 'Survey';

/**
 * All ports, in memory: with one user, dock settings, and storage credentials that are not valid anywhere.
 */
export class InMemoryLibrary implements LibraryWithDigests, LibraryWithDigester {
  readonly catalog: MediaCatalog;
  readonly lists: FileLists;
  readonly storage = new InMemoryObjectStorage();
  readonly digester = this.storage;
  readonly registry = new InMemoryDeviceRegistry();
  readonly publisher = new InMemoryDevicePublisher();
  readonly prioritizations = new InMemoryPrioritizationLog();
  readonly people = new InMemoryIdentityProvider();
  readonly sessions = new InMemorySessionStore();
  /** Published events. */
  readonly published: LibraryEvent[] = [];
  /** Requested checks of flights. */
  readonly looks: { readonly flight: FlightRef; readonly delayInSeconds: number }[] = [];
  /** Requested digests of versions. */
  readonly digestRequests: ObjectVersion[] = [];
  /** While it is set, publishing an event throws it. */
  eventFailure: Error | undefined;

  readonly settings: DockSettings = {
    ntpServerHost: 'time.aws.com',
    ntpServerPort: 123,
    appId: '100000',
    appKey: 'app-key',
    appLicense: 'app-license',
  };

  readonly issuer: CredentialIssuer = {
    location: {
      provider: 'aws',
      bucket: 'media-bucket',
      endpoint: 'https://s3.eu-central-1.amazonaws.com',
      region: 'eu-central-1',
    } satisfies StorageLocation,
    issue: async ({ durationInSeconds }) => ({
      accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: randomBytes(96).toString('base64'),
      expiresAt: new Date(Date.now() + durationInSeconds * 1000),
    }),
  };

  readonly directory: WorkspaceDirectory = {
    findName: async (workspaceId) =>
      this.people.workspaceIds.includes(workspaceId) ? WORKSPACE_NAME : undefined,
  };

  constructor(catalog: MediaCatalog & FileLists = new InMemoryMediaCatalog()) {
    this.catalog = catalog;
    this.lists = catalog;
  }

  readonly events = {
    publish: async (events: readonly LibraryEvent[]): Promise<void> => {
      if (this.eventFailure) throw this.eventFailure;
      this.published.push(...events);
    },
  };

  readonly watch = {
    lookAgain: async ({ workspaceId, flightId, owner }: FlightRef, delayInSeconds: number): Promise<void> => {
      this.looks.push({ flight: { workspaceId, flightId, owner }, delayInSeconds });
    },
  };

  readonly digests = {
    request: async ({ workspaceId, objectKey, versionId }: ObjectVersion): Promise<void> => {
      this.digestRequests.push({ workspaceId, objectKey, versionId });
    },
  };

  /** The types of the published events, in order. */
  get told(): string[] {
    return this.published.map(({ type }) => type);
  }

  /** Registers a gateway whose password is its serial number. */
  async addGateway(sn: GatewaySn, workspaceId: WorkspaceId): Promise<void> {
    await this.registry.createGateway({
      sn,
      workspaceId,
      workspaceName: WORKSPACE_NAME,
      passwordHash: hashPassword(sn),
      revoked: false,
      createdAt: new Date().toISOString(),
    });
  }
}
