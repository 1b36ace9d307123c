/** What the library asks of docks; implemented in `adapters/`. */
export interface DockServices {
  /** Resolves when the dock has been asked. Its answer comes later, and names `tid` and `bid`. */
  prioritizeFlight(request: {
    readonly gatewaySn: string;
    readonly flightId: string;
    readonly tid: string;
    readonly bid: string;
  }): Promise<void>;
}
