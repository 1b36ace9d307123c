import { PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { DeviceRegistry, Gateway, GatewaySn } from '../core/gateway.ts';
import { present } from '../core/present.ts';
import type { Topology } from '../core/topology.ts';
import type { WorkspaceId } from '../core/workspace.ts';
import { documentClient, UpdateExpression, whenConditionHolds } from './document-client.ts';
import {
  gatewayKey,
  gatewayPartition,
  gatewayTopologyKey,
  type ItemKey,
  workspaceGatewaysKey,
} from './media-table-keys.ts';

/** A serial number belongs to one workspace. Registering it again changes nothing. */
const NOT_REGISTERED = 'attribute_not_exists(pk)';
const REGISTERED = 'attribute_exists(pk)';

interface GatewayItem extends ItemKey {
  sn: string;
  workspace_id: string;
  workspace_name: string;
  password_hash: string;
  revoked: boolean;
  created_at: string;
}

interface TopologyItem extends ItemKey {
  gateway_model_key?: string;
  drones?: { sn: string; model_key?: string }[];
  online_drones?: string[];
  heard_at?: string;
  names?: { sn: string; callsign: string }[];
}

const toGateway = (item: GatewayItem): Gateway => ({
  sn: item.sn as GatewaySn,
  workspaceId: item.workspace_id as WorkspaceId,
  workspaceName: item.workspace_name,
  passwordHash: item.password_hash,
  revoked: item.revoked,
  createdAt: item.created_at,
});

const toTopology = (item: TopologyItem | undefined): Topology => ({
  ...present({ gatewayModelKey: item?.gateway_model_key, heardAt: item?.heard_at }),
  drones: (item?.drones ?? []).map(({ sn, model_key: modelKey }) => ({ sn, ...present({ modelKey }) })),
  online: item?.online_drones ?? [],
  names: item?.names ?? [],
});

/**
 * The registry in the media table. A gateway has an item of credentials, written by administration, and one
 * of topology, written by devices.
 */
export function dynamoDbDeviceRegistry(tableName: string, client = documentClient()): DeviceRegistry {
  const query = async <Item>(pk: string): Promise<Item[]> => {
    const items: Item[] = [];
    let startKey: Record<string, unknown> | undefined;
    do {
      const page = await client.send(
        new QueryCommand({
          TableName: tableName,
          ConsistentRead: true,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': pk },
          ExclusiveStartKey: startKey,
        }),
      );
      items.push(...((page.Items ?? []) as Item[]));
      startKey = page.LastEvaluatedKey;
    } while (startKey);
    return items;
  };

  const readGateway = async (sn: GatewaySn) => {
    const items = await query<ItemKey>(gatewayPartition(sn));
    const gateway = items.find(({ sk }) => sk === gatewayKey(sn).sk) as GatewayItem | undefined;
    const topology = items.find(({ sk }) => sk === gatewayTopologyKey(sn).sk) as TopologyItem | undefined;
    return gateway && { ...toGateway(gateway), topology: toTopology(topology) };
  };

  const updateRegistered = (sn: GatewaySn, expression: string, values: Record<string, unknown>) =>
    whenConditionHolds(
      client.send(
        new UpdateCommand({
          TableName: tableName,
          Key: gatewayKey(sn),
          UpdateExpression: expression,
          ConditionExpression: REGISTERED,
          ExpressionAttributeValues: values,
        }),
      ),
    );

  const updateTopology = async (sn: GatewaySn, attributes: Omit<TopologyItem, keyof ItemKey>) => {
    await client.send(
      new UpdateCommand({
        TableName: tableName,
        Key: gatewayTopologyKey(sn),
        ...new UpdateExpression().set(attributes).input,
      }),
    );
  };

  return {
    findGateway: readGateway,

    async createGateway(gateway) {
      const { sn, workspaceId } = gateway;
      const created = await whenConditionHolds(
        client.send(
          new PutCommand({
            TableName: tableName,
            Item: {
              ...gatewayKey(sn),
              sn,
              workspace_id: workspaceId,
              workspace_name: gateway.workspaceName,
              password_hash: gateway.passwordHash,
              revoked: gateway.revoked,
              created_at: gateway.createdAt,
            },
            ConditionExpression: NOT_REGISTERED,
          }),
        ),
      );
      if (created) {
        await client.send(
          new PutCommand({ TableName: tableName, Item: { ...workspaceGatewaysKey(workspaceId, sn), sn } }),
        );
      }
      return created;
    },

    replacePassword: (sn, passwordHash) =>
      updateRegistered(sn, 'SET password_hash = :hash, revoked = :revoked', {
        ':hash': passwordHash,
        ':revoked': false,
      }),

    revoke: (sn) => updateRegistered(sn, 'SET revoked = :revoked', { ':revoked': true }),

    async listGateways(workspaceId) {
      const listed = await query<{ sn: string }>(workspaceGatewaysKey(workspaceId, '').pk);
      const gateways = await Promise.all(listed.map(({ sn }) => readGateway(sn as GatewaySn)));
      return gateways.filter((gateway) => gateway !== undefined);
    },

    rememberDevices: (sn, { gatewayModelKey, drones, online, heardAt }) =>
      updateTopology(sn, {
        ...present({ gateway_model_key: gatewayModelKey, heard_at: heardAt }),
        drones: drones.map((drone) => ({ sn: drone.sn, ...present({ model_key: drone.modelKey }) })),
        online_drones: [...online],
      }),

    rememberNames: (sn, names) => updateTopology(sn, { names: [...names] }),
  };
}
