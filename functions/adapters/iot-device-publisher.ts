import { IoTDataPlaneClient, PublishCommand } from '@aws-sdk/client-iot-data-plane';
import type { DevicePublisher } from '../protocol/dock-message.ts';

/** Publishes with the data endpoint of AWS IoT Core. */
export function iotDevicePublisher(client = new IoTDataPlaneClient({})): DevicePublisher {
  return {
    async publish(topic, message) {
      await client.send(new PublishCommand({ topic, qos: 1, payload: Buffer.from(JSON.stringify(message)) }));
    },
  };
}
