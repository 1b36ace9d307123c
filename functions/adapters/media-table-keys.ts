import type { Fingerprint, TinyFingerprint } from '../core/fingerprint.ts';
import { type MediaFile, objectIdOf } from '../core/media-file.ts';
import type { WorkspaceId } from '../core/workspace.ts';

/** Primary key of an item in the media table. The layout stands in docs/architecture.md. */
export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

const inWorkspace = (workspaceId: WorkspaceId, kind: string, id: string): string =>
  `WORKSPACE#${workspaceId}#${kind}#${id}`;

/** Prefix of the sort keys of files, below their object and below their flight. */
export const FILE_PREFIX = 'FILE#';

/** Partition of everything that stands for one object key. */
export const objectPartition = (workspaceId: WorkspaceId, objectKey: string): string =>
  inWorkspace(workspaceId, 'OBJECT', objectIdOf(workspaceId, objectKey));

export const fileKey = ({
  workspaceId,
  objectKey,
  fileId,
}: Pick<MediaFile, 'workspaceId' | 'objectKey' | 'fileId'>): ItemKey => ({
  pk: objectPartition(workspaceId, objectKey),
  sk: FILE_PREFIX + fileId,
});

export const fingerprintKey = (workspaceId: WorkspaceId, fingerprint: Fingerprint): ItemKey => ({
  pk: inWorkspace(workspaceId, 'FINGERPRINT', fingerprint),
  sk: 'FINGERPRINT',
});

export const tinyFingerprintKey = (workspaceId: WorkspaceId, tiny: TinyFingerprint): ItemKey => ({
  pk: inWorkspace(workspaceId, 'TINY-FINGERPRINT', tiny),
  sk: 'TINY-FINGERPRINT',
});

export const failureKey = (workspaceId: WorkspaceId, objectKey: string, reportedAt: string): ItemKey => ({
  pk: objectPartition(workspaceId, objectKey),
  sk: `FAILURE#${reportedAt}`,
});

/** Partition of a flight: one item of counts and one a file. */
export const flightPartition = (workspaceId: WorkspaceId, flightId: string): string =>
  inWorkspace(workspaceId, 'FLIGHT', flightId);

export const flightKey = (workspaceId: WorkspaceId, flightId: string): ItemKey => ({
  pk: flightPartition(workspaceId, flightId),
  sk: 'FLIGHT',
});

export const flightFileKey = (workspaceId: WorkspaceId, flightId: string, flightFileId: string): ItemKey => ({
  pk: flightPartition(workspaceId, flightId),
  sk: FILE_PREFIX + flightFileId,
});

/** Partition of a registered device: its credentials and what hangs on it. */
export const gatewayPartition = (sn: string): string => `GATEWAY#${sn}`;

export const gatewayKey = (sn: string): ItemKey => ({ pk: gatewayPartition(sn), sk: 'GATEWAY' });

export const gatewayTopologyKey = (sn: string): ItemKey => ({ pk: gatewayPartition(sn), sk: 'TOPOLOGY' });

/** The devices of a workspace, for administration. */
export const workspaceGatewaysKey = (workspaceId: WorkspaceId, sn: string): ItemKey => ({
  pk: `WORKSPACE#${workspaceId}#GATEWAYS`,
  sk: `GATEWAY#${sn}`,
});

/** A service that was asked of a gateway and may be answered. */
export const serviceCallKey = (gatewaySn: string, tid: string, bid: string): ItemKey => ({
  pk: `${gatewayPartition(gatewaySn)}#SERVICE#${tid}#${bid}`,
  sk: 'SERVICE',
});
