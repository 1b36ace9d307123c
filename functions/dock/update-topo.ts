/**
 * `update_topo` on `sys/product/{sn}/status`
 *
 * A gateway, a dock or a remote controller, tells what it is and which drone hangs on it.
 */
import type { DeviceRegistry } from '../core/gateway.ts';
import { dockPorts } from '../middleware/dock-ports.ts';
import { type DockEndpoint, dockEndpoint } from '../middleware/mqtt-endpoint.ts';
import { modelKeyOf, topologyDevicesOf, UpdateTopoData } from '../protocol/onboarding.ts';

export const updateTopo =
  (registry: DeviceRegistry): DockEndpoint<UpdateTopoData> =>
  async ({ gateway, data }) => {
    const gatewayModelKey = modelKeyOf(data);
    await registry.rememberTopology(
      gateway.sn,
      { ...(gatewayModelKey && { gatewayModelKey }), drones: topologyDevicesOf(data) },
      new Date().toISOString(),
    );
    return undefined;
  };

const ports = dockPorts();

export const handler = dockEndpoint('update_topo', UpdateTopoData, updateTopo(ports.registry), ports, {
  replyChannel: 'status_reply',
});
