import { Construct } from 'constructs';
import type { Configuration } from './configuration.ts';
import type { DeadLetters } from './dead-letters.ts';
import { DockAddress } from './dock-address.ts';
import { DockAuthorizer } from './dock-authorizer.ts';
import { DockEndpoints } from './dock-endpoints.ts';
import { DockSettings } from './dock-settings.ts';
import type { EndpointFunction, EndpointFunctionSettings } from './endpoint-function.ts';
import type { MediaBucket } from './media-bucket.ts';
import type { MediaTable } from './media-table.ts';
import type { UploadRole } from './upload-role.ts';

/** What the gateway of docks stands between. */
export interface DockGatewayProps extends Pick<Configuration, 'dock'> {
  readonly table: MediaTable;
  readonly bucket: MediaBucket;
  readonly uploadRole: UploadRole;
  readonly deadLetters: DeadLetters;
  /** What functions have in common. */
  readonly functions: EndpointFunctionSettings;
}

/** The docks' side of the library: AWS IoT Core lets them in, and its topic rules lead each method to its function. */
export class DockGateway extends Construct {
  /** Every function of it, the authorizer's included. */
  readonly functions: readonly EndpointFunction[];
  /** Where docks connect to, if that is known before deployment. */
  readonly mqttAddress: string | undefined;
  /** What docks are told of time and licence. */
  readonly settings: DockSettings;

  constructor(scope: Construct, id: string, { dock, ...props }: DockGatewayProps) {
    super(scope, id);
    this.settings = new DockSettings(this, 'Settings');
    const authorizer = new DockAuthorizer(this, 'Authorizer', props);
    const endpoints = new DockEndpoints(this, 'Endpoints', { ...props, settings: this.settings });
    const address = new DockAddress(this, 'Address', { dock, authorizer });
    this.functions = [...endpoints.functions, authorizer.function];
    this.mqttAddress = address.mqttAddress;
  }
}
