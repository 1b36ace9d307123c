/** What the library needs to speak to devices; implemented in `adapters/`. */
export interface DevicePublisher {
  /** Resolves when the broker has taken the message (QoS 1). */
  publish(topic: string, message: object): Promise<void>;
}
