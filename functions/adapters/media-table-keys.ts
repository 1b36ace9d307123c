import type { Fingerprint, TinyFingerprint } from '../core/fingerprint.ts';
import type { FlightOwner, FlightRef } from '../core/flight.ts';
import { flightFileId, type MediaFile, nameIdOf, OBJECT_ID_LENGTH, objectIdOf } from '../core/media-file.ts';
import type { WorkspaceId } from '../core/workspace.ts';

/** Primary key of an item in the media table. docs/architecture.md describes the layout. */
export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

const inWorkspace = (workspaceId: WorkspaceId, kind: string, id: string): string =>
  `WORKSPACE#${workspaceId}#${kind}#${id}`;

/** The workspace of a partition. */
export const workspaceOf = (pk: string): WorkspaceId => (pk.split('#')[1] ?? '') as WorkspaceId;

/** Prefix of the sort keys of entries in the partition of their object. */
export const FILE_PREFIX = 'FILE#';

/** Partition of an object key. */
export const objectPartition = (workspaceId: WorkspaceId, objectKey: string): string =>
  inWorkspace(workspaceId, 'OBJECT', objectIdOf(workspaceId, objectKey));

/** The key of an entry. Its id begins with that of its object. */
export const fileKey = (workspaceId: WorkspaceId, fileId: string): ItemKey => ({
  pk: inWorkspace(workspaceId, 'OBJECT', fileId.slice(0, OBJECT_ID_LENGTH)),
  sk: FILE_PREFIX + fileId,
});

export const failureKey = (workspaceId: WorkspaceId, objectKey: string): ItemKey => ({
  pk: objectPartition(workspaceId, objectKey),
  sk: 'FAILURE',
});

/** Partition of the entries that hold the same fingerprint, and of their spares. */
export const fingerprintPartition = (workspaceId: WorkspaceId, fingerprint: Fingerprint): string =>
  inWorkspace(workspaceId, 'FINGERPRINT', fingerprint);

/** The one entry that holds a fingerprint under a name and path. */
export const nameSortKey = (file: Pick<MediaFile, 'name' | 'path'>): string => `NAME#${nameIdOf(file)}`;

/** An entry that holds a fingerprint and is unreported. */
export const unreportedSortKey = (fileId: string): string => `UNREPORTED#${fileId}`;

/** Prefix of the spares of an entry. */
export const surplusPrefix = (holderFileId: string): string => `SURPLUS#${holderFileId}#`;

export const tinyFingerprintKey = (workspaceId: WorkspaceId, tiny: TinyFingerprint): ItemKey => ({
  pk: inWorkspace(workspaceId, 'TINY-FINGERPRINT', tiny),
  sk: 'TINY-FINGERPRINT',
});

const ownerText = (owner: FlightOwner): string => owner.toUpperCase();

/** Prefix of the sort keys of flights, for all owners. */
export const FLIGHT_PREFIX = 'FLIGHT#';

/** Partition of the flights with an id: for each owner an item of counts, and an item for each file. */
export const flightPartition = (workspaceId: WorkspaceId, flightId: string): string =>
  inWorkspace(workspaceId, 'FLIGHT', flightId);

export const flightKey = ({ workspaceId, flightId, owner }: FlightRef): ItemKey => ({
  pk: flightPartition(workspaceId, flightId),
  sk: FLIGHT_PREFIX + ownerText(owner),
});

/** Prefix of the files of a flight. */
export const memberPrefix = (owner: FlightOwner): string => `MEMBER#${ownerText(owner)}#`;

export const memberKey = (flight: FlightRef, file: MediaFile): ItemKey => ({
  pk: flightPartition(flight.workspaceId, flight.flightId),
  sk: memberPrefix(flight.owner) + flightFileId(file),
});

/** The index for lists: its partition key, and its sort key, which begins with a time in ISO 8601. */
export const BY_TIME = { name: 'by-time', partitionKey: 'list', sortKey: 'listed_at' } as const;

/** A list of a workspace in the index. */
export const listOf = (workspaceId: WorkspaceId, kind: 'FILES' | 'REMOVED' | 'SPARES' | 'FLIGHTS'): string =>
  `WORKSPACE#${workspaceId}#${kind}`;

/** Partition of a registered device: its credentials and topology. */
export const gatewayPartition = (sn: string): string => `GATEWAY#${sn}`;

export const gatewayKey = (sn: string): ItemKey => ({ pk: gatewayPartition(sn), sk: 'GATEWAY' });

export const gatewayTopologyKey = (sn: string): ItemKey => ({ pk: gatewayPartition(sn), sk: 'TOPOLOGY' });

/** The devices of a workspace, for administration. */
export const workspaceGatewaysKey = (workspaceId: WorkspaceId, sn: string): ItemKey => ({
  pk: `WORKSPACE#${workspaceId}#GATEWAYS`,
  sk: `GATEWAY#${sn}`,
});

/** A token that renews a session. */
export const sessionTokenKey = (digest: string): ItemKey => ({
  pk: `SESSION-TOKEN#${digest}`,
  sk: 'SESSION-TOKEN',
});

/** A service call to a gateway that may get a reply. */
export const serviceCallKey = (gatewaySn: string, tid: string, bid: string): ItemKey => ({
  pk: `${gatewayPartition(gatewaySn)}#SERVICE#${tid}#${bid}`,
  sk: 'SERVICE',
});
