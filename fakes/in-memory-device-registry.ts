import type { DeviceRegistry, Gateway, GatewaySn } from '../functions/core/gateway.ts';
import { EMPTY_TOPOLOGY, type Topology } from '../functions/core/topology.ts';
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

  async rememberDevices(sn: GatewaySn, topology: Omit<Topology, 'names'>): Promise<void> {
    this.topologies.set(sn, { ...topology, names: this.topologyOf(sn).names });
  }

  async rememberNames(sn: GatewaySn, names: Topology['names']): Promise<void> {
    this.topologies.set(sn, { ...this.topologyOf(sn), names });
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
