/**
 * `update_topo` on `sys/product/{sn}/status`
 *
 * A gateway, which is a dock or a remote controller, reports its model and its drone.
 */
import type { DeviceRegistry } from '../core/gateway.ts';
import { type DockEndpoint, dockEndpoint } from '../middleware/mqtt-endpoint.ts';
import { dockPorts } from '../ports.ts';
import { modelKeyOf, topologyDevicesOf, UPDATE_TOPO } from '../protocol/onboarding.ts';

export const updateTopo =
  (registry: DeviceRegistry): DockEndpoint<typeof UPDATE_TOPO> =>
  async ({ gateway, data }) => {
    const gatewayModelKey = modelKeyOf(data);
    await registry.rememberTopology(
      gateway.sn,
      { ...(gatewayModelKey && { gatewayModelKey }), drones: topologyDevicesOf(data) },
      new Date().toISOString(),
    );
  };

const ports = dockPorts();

export const handler = dockEndpoint(UPDATE_TOPO, updateTopo(ports.registry), ports);
