import type { DockServices } from '../core/dock-services.ts';
import type { DevicePublisher } from '../protocol/dock-message.ts';
import { toPrioritizeRequest } from '../protocol/flight-priority.ts';
import { topicOf } from '../protocol/topics.ts';

/** DJI's services: messages on the dock's own topic. */
export const mqttDockServices = (publisher: DevicePublisher): DockServices => ({
  prioritizeFlight: (request) =>
    publisher.publish(topicOf(request.gatewaySn, 'services'), toPrioritizeRequest(request)),
});
