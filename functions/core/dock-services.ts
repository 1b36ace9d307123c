/** The services that the library calls on docks. Implemented in `adapters/`. */
export interface DockServices {
  /** Resolves when the request was sent. The dock's reply comes later, with the same `tid` and `bid`. */
  prioritizeFlight(request: {
    readonly gatewaySn: string;
    readonly flightId: string;
    readonly tid: string;
    readonly bid: string;
  }): Promise<void>;
}
