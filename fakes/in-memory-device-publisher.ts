import type { DevicePublisher } from '../functions/protocol/dock-message.ts';

/** A message to a device. */
export interface Published {
  readonly topic: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into messages of every shape
  readonly message: any;
}

/** A publisher that keeps its messages, and can be made to fail. */
export class InMemoryDevicePublisher implements DevicePublisher {
  readonly published: Published[] = [];
  /** Each publish throws one of these, as long as there are any. */
  readonly failures: Error[] = [];

  async publish(topic: string, message: object): Promise<void> {
    const failure = this.failures.shift();
    if (failure) throw failure;
    this.published.push({ topic, message });
  }
}
