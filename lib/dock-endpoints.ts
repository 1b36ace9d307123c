import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { DOCK_FUNCTIONS, type DockFunctionName } from '../functions/dock-methods.ts';
import { constructId } from './construct-id.ts';
import type { DeadLetters } from './dead-letters.ts';
import { grantPublish } from './device-topics.ts';
import type { DockSettings } from './dock-settings.ts';
import { EndpointFunction, type EndpointFunctionSettings } from './endpoint-function.ts';
import type { MediaBucket } from './media-bucket.ts';
import type { MediaTable } from './media-table.ts';
import { addTopicRules } from './topic-rules.ts';
import type { UploadRole } from './upload-role.ts';

/** What the functions behind the topics of docks stand between. */
export interface DockEndpointsProps {
  readonly table: MediaTable;
  readonly bucket: MediaBucket;
  readonly uploadRole: UploadRole;
  readonly settings: DockSettings;
  readonly deadLetters: DeadLetters;
  /** What functions have in common. */
  readonly functions: EndpointFunctionSettings;
}

/** What a function is for, and all that it may do and is told. */
interface Endpoint {
  readonly does: string;
  grant?(endpoint: EndpointFunction): void;
}

/** Each reads the registry, for it says which workspace a device is in; that is the `Query`. */
const endpointsOf = ({
  table,
  bucket,
  uploadRole,
  settings,
}: DockEndpointsProps): Record<DockFunctionName, Endpoint> => ({
  'storage-config-get': {
    does: 'hands out credentials to upload with to a dock',
    grant: (fn) => {
      table.grant(fn, 'Query');
      bucket.grantAddress(fn);
      uploadRole.grantAssume(fn);
      grantPublish(fn, 'requests_reply');
    },
  },
  'file-upload-callback': {
    does: 'records a file that a dock uploaded',
    grant: (fn) => {
      table.grant(fn, 'Query', 'GetItem', 'PutItem', 'UpdateItem');
      bucket.grantHead(fn);
      grantPublish(fn, 'events_reply');
    },
  },
  'highest-priority-upload-flighttask-media': {
    does: 'notes which flight a dock uploads first',
    grant: (fn) => {
      table.grant(fn, 'Query', 'UpdateItem');
      grantPublish(fn, 'events_reply');
    },
  },
  'upload-flighttask-media-prioritize': {
    does: "takes a dock's answer to a wish for priority",
    grant: (fn) => table.grant(fn, 'Query', 'GetItem', 'UpdateItem'),
  },
  config: {
    does: 'tells a dock its time server and licence',
    grant: (fn) => {
      table.grant(fn, 'Query');
      settings.grantRead(fn);
      grantPublish(fn, 'requests_reply');
    },
  },
  'airport-bind-status': {
    does: 'tells a dock which workspace it is bound to',
    grant: (fn) => {
      table.grant(fn, 'Query');
      grantPublish(fn, 'requests_reply');
    },
  },
  'airport-organization-get': {
    does: "tells a dock its workspace's name",
    grant: (fn) => {
      table.grant(fn, 'Query');
      grantPublish(fn, 'requests_reply');
    },
  },
  'airport-organization-bind': {
    does: 'binds a dock and its drone to its workspace',
    grant: (fn) => {
      table.grant(fn, 'Query', 'UpdateItem');
      grantPublish(fn, 'requests_reply');
    },
  },
  'update-topo': {
    does: 'remembers which drone hangs on a gateway',
    grant: (fn) => {
      table.grant(fn, 'Query', 'UpdateItem');
      grantPublish(fn, 'status_reply');
    },
  },
  'unnamed-message': { does: 'notes messages that name no method' },
});

/** The functions behind the topics of docks, one a row of `functions/dock-methods.ts`. */
export class DockEndpoints extends Construct {
  /** All of them. */
  readonly functions: readonly EndpointFunction[];

  constructor(scope: Construct, id: string, props: DockEndpointsProps) {
    super(scope, id);
    const endpoints = endpointsOf(props);
    this.functions = DOCK_FUNCTIONS.map((row) => {
      const { does, grant } = endpoints[row.name];
      const endpoint = new EndpointFunction(this, constructId(row.name), {
        name: row.name,
        does,
        // As long as a dock waits for its reply.
        timeout: Duration.seconds(10),
        ...props.functions,
      });
      grant?.(endpoint);
      props.deadLetters.catchFailuresOf(endpoint);
      addTopicRules(row, endpoint, props.deadLetters);
      return endpoint;
    });
  }
}
