import type { LocalService } from '../http/local-service.ts';
import { authorize } from '../iam/authorize.ts';
import type { Identities } from '../iam/identities.ts';
import { authenticate } from '../iam/sigv4.ts';
import { jsonService } from '../json/json-service.ts';
import { dispatch } from '../json/operations.ts';
import type { BusEvent } from './definitions.ts';
import { eventBridgeOperations } from './operations.ts';

/** The name in policies and signatures. */
const SERVICE = 'events';

/** More than the largest request needs: its entries may be 1 MB before escaping. */
const BODY_LIMIT_IN_BYTES = 8 * 1024 * 1024;

/** How to start the local EventBridge. */
export interface EventBridgeOptions {
  readonly identities: Identities;
  readonly region: string;
  readonly accountId: string;
  readonly partition: string;
  /** Gets the events. */
  readonly bus: { put(event: BusEvent): Promise<void> };
  /** @default the machine's clock */
  readonly clock?: (() => Date) | undefined;
  readonly log: (line: string) => void;
}

/** The endpoint of EventBridge, where callers put events on the default bus. The caller listens. */
export function createEventBridge(options: EventBridgeOptions): LocalService {
  const { identities, region, accountId, partition, bus, clock = () => new Date(), log } = options;
  return jsonService({
    name: 'eventbridge',
    contentType: 'application/x-amz-json-1.1',
    target: 'AWSEvents',
    bodyLimitInBytes: BODY_LIMIT_IN_BYTES,
    answer: dispatch(
      eventBridgeOperations({
        region,
        accountId,
        busArnPrefix: `arn:${partition}:${SERVICE}:${region}:${accountId}:event-bus/`,
        bus,
        clock,
        log,
        authenticate: async ({ request, body, operation }) => {
          const { identity } = await authenticate(request, {
            service: SERVICE,
            region,
            identities,
            clock,
            body,
          });
          return (resource, context) =>
            authorize(SERVICE, identity, {
              action: `${SERVICE}:${operation}`,
              resource,
              context,
              now: clock(),
            });
        },
      }),
      'EventBridge',
    ),
    log,
  });
}
