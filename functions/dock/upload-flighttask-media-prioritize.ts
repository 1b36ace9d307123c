/**
 * `upload_flighttask_media_prioritize` on `thing/product/{sn}/services_reply`
 *
 * A dock's answer to an operator's wish, told apart by `tid` and `bid`.
 */
import * as v from 'valibot';
import { dynamoDbPrioritizationLog } from '../adapters/dynamodb-prioritization-log.ts';
import type { PrioritizationLog } from '../core/flight-priority.ts';
import { MEDIA_TABLE_NAME, requireEnv } from '../environment.ts';
import { dockPorts } from '../middleware/dock-ports.ts';
import { logger } from '../middleware/log.ts';
import { type DockEndpoint, dockEndpoint } from '../middleware/mqtt-endpoint.ts';
import { Result } from '../protocol/fields.ts';

const ServiceReplyData = v.object({ result: Result });

export const uploadFlighttaskMediaPrioritize =
  (log: PrioritizationLog): DockEndpoint<v.InferOutput<typeof ServiceReplyData>> =>
  async ({ gateway, data, tid, bid }) => {
    if (!(await log.answer(gateway.sn, tid, bid, data.result)))
      logger.warn('an answer that nobody waits for');
    return undefined;
  };

export const handler = dockEndpoint(
  'upload_flighttask_media_prioritize',
  ServiceReplyData,
  uploadFlighttaskMediaPrioritize(dynamoDbPrioritizationLog(requireEnv(MEDIA_TABLE_NAME))),
  dockPorts(),
);
