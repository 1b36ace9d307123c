import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { FlightRef } from '../core/flight.ts';
import type { PrioritizationLog } from '../core/flight-priority.ts';
import type { WorkspaceId } from '../core/workspace.ts';
import { documentClient, whenConditionHolds } from './document-client.ts';
import { toPrioritizationItem } from './flight-item.ts';
import { flightKey, serviceCallKey } from './media-table-keys.ts';

/** Long after any dock would reply. */
const CALL_KEPT_FOR_IN_SECONDS = 24 * 3600;

/** A late reply to an earlier prioritization must not count for this one. */
const ANSWERS_THIS_WISH = 'prioritization.tid = :tid AND prioritization.bid = :bid';
const WISH_STANDS = 'attribute_exists(prioritization)';

const dockFlight = (workspaceId: WorkspaceId, flightId: string): FlightRef => ({
  workspaceId,
  flightId,
  owner: 'dock',
});

/**
 * A prioritization is stored in the flight's item. A second item, by gateway, `tid` and `bid`, leads to it
 * from a reply, which does not name the flight.
 */
export function dynamoDbPrioritizationLog(tableName: string, client = documentClient()): PrioritizationLog {
  return {
    async begin(workspaceId, flightId, prioritization) {
      const { gatewaySn, tid, bid, requestedAt } = prioritization;
      const expiresAt = Math.floor(Date.parse(requestedAt) / 1000) + CALL_KEPT_FOR_IN_SECONDS;
      await client.send(
        new PutCommand({
          TableName: tableName,
          Item: {
            ...serviceCallKey(gatewaySn, tid, bid),
            entity: 'service-call',
            workspace_id: workspaceId,
            flight_id: flightId,
            expires_at: expiresAt,
          },
        }),
      );
      await client.send(
        new UpdateCommand({
          TableName: tableName,
          Key: flightKey(dockFlight(workspaceId, flightId)),
          UpdateExpression:
            'SET entity = :flight, flight_id = :flight_id, prioritization = :wish, gateway_sn = if_not_exists(gateway_sn, :gateway_sn)',
          ExpressionAttributeValues: {
            ':flight': 'flight',
            ':flight_id': flightId,
            ':wish': toPrioritizationItem(prioritization),
            ':gateway_sn': gatewaySn,
          },
        }),
      );
    },

    async answer(gatewaySn, tid, bid, result) {
      const { Item: call } = await client.send(
        new GetCommand({
          TableName: tableName,
          Key: serviceCallKey(gatewaySn, tid, bid),
          ConsistentRead: true,
        }),
      );
      if (call === undefined) return false;
      return await whenConditionHolds(
        client.send(
          new UpdateCommand({
            TableName: tableName,
            Key: flightKey(dockFlight(call['workspace_id'] as WorkspaceId, String(call['flight_id']))),
            UpdateExpression: 'SET prioritization.#result = :result',
            ConditionExpression: ANSWERS_THIS_WISH,
            ExpressionAttributeNames: { '#result': 'result' },
            ExpressionAttributeValues: { ':result': result, ':tid': tid, ':bid': bid },
          }),
        ),
      );
    },

    async started(workspaceId, flightId, gatewaySn, at) {
      const Key = flightKey(dockFlight(workspaceId, flightId));
      const marked = await whenConditionHolds(
        client.send(
          new UpdateCommand({
            TableName: tableName,
            Key,
            UpdateExpression: 'SET prioritization.started_at = :at, heard_at = :at, gateway_sn = :gateway_sn',
            ConditionExpression: WISH_STANDS,
            ExpressionAttributeValues: { ':at': at, ':gateway_sn': gatewaySn },
          }),
        ),
      );
      if (marked) return;
      // Nobody asked for it: it was chosen at the dock. It is the flight's state all the same.
      const prioritization = { gateway_sn: gatewaySn, tid: '', bid: '', requested_at: at, started_at: at };
      await client.send(
        new UpdateCommand({
          TableName: tableName,
          Key,
          UpdateExpression:
            'SET entity = :flight, flight_id = :flight_id, prioritization = :wish, heard_at = :at, gateway_sn = :gateway_sn',
          ExpressionAttributeValues: {
            ':flight': 'flight',
            ':flight_id': flightId,
            ':wish': prioritization,
            ':at': at,
            ':gateway_sn': gatewaySn,
          },
        }),
      );
    },
  };
}
