import { type FlightOwner, flightOf } from '../core/flight.ts';
import type { FlightProgress, Flights } from '../core/media-catalog.ts';
import { present } from '../core/present.ts';
import { UpdateExpression } from './document-client.ts';
import { type FlightItem, isFlightItem, type MemberItem, ownerOfItem, toFlight } from './flight-item.ts';
import type { MediaTable } from './media-table.ts';
import {
  BY_TIME,
  flightKey,
  flightPartition,
  type ItemKey,
  listOf,
  memberKey,
  memberPrefix,
} from './media-table-keys.ts';

/** Messages arrive out of order. The time is that of the latest one. */
const NOT_HEARD_LATER = '(attribute_not_exists(heard_at) OR heard_at <= :heard_at)';
const COUNTS_NO_LESS =
  '(attribute_not_exists(uploaded_file_count) OR uploaded_file_count <= :uploaded_file_count)';

const progressExpression = (flightId: string, progress: Omit<FlightProgress, 'uploadedFileCount'>) =>
  new UpdateExpression().set({
    entity: 'flight',
    flight_id: flightId,
    expected_file_count: progress.expectedFileCount,
    heard_at: progress.heardAt,
    gateway_sn: progress.gatewaySn,
  });

/** Pilot's flight comes first: no dock can take its place. */
function firstOwner(items: readonly ItemKey[]): FlightOwner | undefined {
  const owners = items.map(ownerOfItem);
  return owners.find((owner) => owner === 'pilot') ?? owners[0];
}

/** Flights in the media table. For each owner there is an item of counts, and an item for each file. */
export const dynamoDbFlights = (table: MediaTable): Flights => ({
  async countToFlight(file, missing) {
    const flight = flightOf(file);
    if (flight === undefined) return;
    const item: MemberItem = {
      ...memberKey(flight, file),
      entity: 'flight-file',
      file_id: file.fileId,
      name: file.name,
      size: file.sizeInBytes,
      heard_at: file.reportedAt ?? file.arrivedAt ?? '',
      ...(missing && { missing }),
    };
    await table.put(item);
  },

  async recordProgress(flight, progress) {
    const { flightId, workspaceId } = flight;
    const key = flightKey(flight);
    const listed = {
      [BY_TIME.partitionKey]: listOf(workspaceId, 'FLIGHTS'),
      [BY_TIME.sortKey]: `${progress.heardAt}#${flightId}`,
    };
    const { uploadedFileCount } = progress;
    const all = progressExpression(flightId, progress).setOnce(listed);
    const written =
      uploadedFileCount === undefined
        ? await table.updateIf<FlightItem>(key, all, NOT_HEARD_LATER)
        : await table.updateIf<FlightItem>(
            key,
            all.set({ uploaded_file_count: uploadedFileCount }),
            `${NOT_HEARD_LATER} AND ${COUNTS_NO_LESS}`,
          );
    // An older message, with a lower uploaded count. Pilot may have corrected the expected count all the
    // same.
    const { expectedFileCount: _older, ...heard } = progress;
    const rest = progressExpression(flightId, flight.owner === 'pilot' ? progress : heard);
    const item = written ?? (await table.updateIf<FlightItem>(key, rest, NOT_HEARD_LATER));
    return present({ checkDueAt: item?.check_due_at });
  },

  async findFlight(workspaceId, flightId, owner) {
    const pk = flightPartition(workspaceId, flightId);
    const items = await table.queryAll<FlightItem | MemberItem>(pk);
    const found = owner ?? firstOwner(items);
    if (found === undefined) return undefined;
    const ref = { workspaceId, flightId, owner: found };
    const { sk } = flightKey(ref);
    const item = items.find((one): one is FlightItem => isFlightItem(one) && one.sk === sk);
    const prefix = memberPrefix(found);
    const members = items.filter((one): one is MemberItem => one.sk.startsWith(prefix));
    return item === undefined && members.length === 0 ? undefined : toFlight(ref, item, members);
  },

  async noteFlight(flight, state, checkDueAt) {
    const expression = new UpdateExpression()
      .set({ entity: 'flight', flight_id: flight.flightId, state, check_due_at: checkDueAt })
      .setOnce({
        [BY_TIME.partitionKey]: listOf(flight.workspaceId, 'FLIGHTS'),
        [BY_TIME.sortKey]: `${flight.lastHeardAt ?? new Date().toISOString()}#${flight.flightId}`,
      });
    const { announcedState } = flight;
    const condition =
      announcedState === undefined
        ? 'attribute_not_exists(#state)'
        : `#state = ${expression.value('announced_state', announcedState)}`;
    return (await table.updateIf<FlightItem>(flightKey(flight), expression, condition)) !== undefined;
  },
});
