import type { DevicePublisher } from '../functions/protocol/dock-message.ts';

/** A message to a device. */
export interface Published {
  readonly topic: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into messages of every shape
  readonly message: any;
}

/** A publisher that records its messages. It can be made to fail. */
export class InMemoryDevicePublisher implements DevicePublisher {
  readonly published: Published[] = [];
  /** Each publish throws the next of these, while there are any. */
  readonly failures: Error[] = [];

  async publish(topic: string, message: object): Promise<void> {
    const failure = this.failures.shift();
    if (failure) throw failure;
    this.published.push({ topic, message });
  }
}
