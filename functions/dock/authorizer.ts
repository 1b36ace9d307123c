/**
 * Custom authorizer of the MQTT endpoint
 *
 * Lets a registered gateway in with its serial number and password, and pins it to its own topics. AWS IoT gives the answer five seconds.
 */
import { admitDevice } from '../core/admit-device.ts';
import type { DeviceRegistry } from '../core/gateway.ts';
import { deviceAuthorizer } from '../middleware/device-authorizer.ts';
import { devicePolicies, deviceRegistry } from '../ports.ts';

export const authorize = (registry: DeviceRegistry) =>
  deviceAuthorizer((signIn) => admitDevice(registry, signIn), devicePolicies);

export const handler = authorize(deviceRegistry());
