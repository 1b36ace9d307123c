/**
 * `update_topo` on `sys/product/{sn}/status`
 *
 * A gateway, which is a dock or a remote controller, reports its model and its drone. An unchanged topology
 * is written once an hour. A message without `tid`, as in the last wills of some devices, has no reply.
 */
import type { DeviceRegistry } from '../core/gateway.ts';
import { updatedTopology } from '../core/topology.ts';
import { type DockEndpoint, dockEndpoint } from '../middleware/mqtt-endpoint.ts';
import { dockPorts } from '../ports.ts';
import { modelKeyOf, topologyDevicesOf, UPDATE_TOPO } from '../protocol/onboarding.ts';

export const updateTopo =
  (registry: DeviceRegistry): DockEndpoint<typeof UPDATE_TOPO> =>
  async ({ gateway, data }) => {
    const gatewayModelKey = modelKeyOf(data);
    const reported = { ...(gatewayModelKey && { gatewayModelKey }), drones: topologyDevicesOf(data) };
    const changed = updatedTopology(gateway.topology, reported, new Date().toISOString());
    if (changed) await registry.rememberDevices(gateway.sn, changed);
  };

const ports = dockPorts();

export const handler = dockEndpoint(UPDATE_TOPO, updateTopo(ports.registry), ports);
