import { dynamoDbDeviceRegistry } from '../adapters/dynamodb-device-registry.ts';
import { iotDevicePublisher } from '../adapters/iot-device-publisher.ts';
import { MEDIA_TABLE_NAME, requireEnv } from '../environment.ts';
import type { DockEndpointPorts } from './mqtt-endpoint.ts';

/** What every MQTT method needs, as the stack sets it up. */
export const dockPorts = (): DockEndpointPorts => ({
  registry: dynamoDbDeviceRegistry(requireEnv(MEDIA_TABLE_NAME)),
  publisher: iotDevicePublisher(),
});
