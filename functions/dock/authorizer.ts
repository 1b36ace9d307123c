/**
 * Custom authorizer of the MQTT endpoint
 *
 * Authenticates a registered gateway by serial number and password, and limits it to its own topics. AWS IoT
 * waits five seconds for the response.
 */
import { admitDevice } from '../core/admit-device.ts';
import type { DeviceRegistry } from '../core/gateway.ts';
import { deviceAuthorizer } from '../middleware/device-authorizer.ts';
import { devicePolicies, deviceRegistry } from '../ports.ts';

export const authorize = (registry: DeviceRegistry) =>
  deviceAuthorizer((signIn) => admitDevice(registry, signIn), devicePolicies);

export const handler = authorize(deviceRegistry());
