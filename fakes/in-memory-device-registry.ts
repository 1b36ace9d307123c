import {
  type DeviceRegistry,
  EMPTY_TOPOLOGY,
  type Gateway,
  type GatewaySn,
  type Topology,
  type TopologyDevice,
} from '../functions/core/gateway.ts';
import type { WorkspaceId } from '../functions/core/workspace.ts';

/** A registry in memory. It passes the same contract tests as the one in DynamoDB. */
export class InMemoryDeviceRegistry implements DeviceRegistry {
  readonly gateways = new Map<GatewaySn, Gateway>();
  readonly topologies = new Map<GatewaySn, Topology>();
  /** Every call throws this while it is set. */
  failure: Error | undefined;

  async findGateway(sn: GatewaySn): Promise<(Gateway & { readonly topology: Topology }) | undefined> {
    if (this.failure) throw this.failure;
    const gateway = this.gateways.get(sn);
    return gateway && { ...gateway, topology: this.topologyOf(sn) };
  }

  async createGateway(gateway: Gateway): Promise<boolean> {
    if (this.gateways.has(gateway.sn)) return false;
    this.gateways.set(gateway.sn, gateway);
    return true;
  }

  replacePassword(sn: GatewaySn, passwordHash: string): Promise<boolean> {
    return this.change(sn, { passwordHash, revoked: false });
  }

  revoke(sn: GatewaySn): Promise<boolean> {
    return this.change(sn, { revoked: true });
  }

  async listGateways(workspaceId: WorkspaceId): Promise<readonly Gateway[]> {
    return [...this.gateways.values()].filter((gateway) => gateway.workspaceId === workspaceId);
  }

  async rememberTopology(
    sn: GatewaySn,
    { gatewayModelKey, drones }: { gatewayModelKey?: string; drones: readonly TopologyDevice[] },
  ): Promise<void> {
    const known = this.topologyOf(sn);
    const seen = new Map([...known.drones, ...drones].map((drone) => [drone.sn, drone]));
    this.topologies.set(sn, {
      ...known,
      ...(gatewayModelKey && { gatewayModelKey }),
      drones: [...seen.values()],
      online: [...new Set(drones.map((drone) => drone.sn))],
    });
  }

  async nameDevice(sn: GatewaySn, deviceSn: string, callsign: string): Promise<void> {
    const known = this.topologyOf(sn);
    this.topologies.set(sn, { ...known, callsigns: { ...known.callsigns, [deviceSn]: callsign } });
  }

  private topologyOf(sn: GatewaySn): Topology {
    return this.topologies.get(sn) ?? EMPTY_TOPOLOGY;
  }

  private async change(sn: GatewaySn, changes: Partial<Gateway>): Promise<boolean> {
    const gateway = this.gateways.get(sn);
    if (gateway) this.gateways.set(sn, { ...gateway, ...changes });
    return gateway !== undefined;
  }
}
