import { IoTDataPlaneClient, PublishCommand } from '@aws-sdk/client-iot-data-plane';

/** One call to AWS IoT's data endpoint, to be bundled as functions are. */
export const probe = () => new IoTDataPlaneClient({}).send(new PublishCommand({ topic: 'topic' }));
