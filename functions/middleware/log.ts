import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { FlightState } from '../core/flight.ts';
import type { EventPublisher } from '../core/library-events.ts';
import { POWERTOOLS_SERVICE_NAME } from '../environment.ts';
import { METRICS, METRICS_NAMESPACE, type MetricName, SERVICE_NAME } from '../telemetry.ts';

const serviceName = process.env[POWERTOOLS_SERVICE_NAME] || SERVICE_NAME;

/** One JSON line for each call. It never contains bodies, headers, tokens or keys. */
export const logger = new Logger({ serviceName });

/** CloudWatch metrics in the embedded format, among the log lines. The alarms in `lib/` read them. */
export const metrics = new Metrics({ namespace: METRICS_NAMESPACE, serviceName });

/** Counts a file whose bytes differ from those of the device. */
export const countMismatch = (): void => {
  metrics.addMetric(METRICS.integrityMismatch, MetricUnit.Count, 1);
};

/** Counts new versions in the bucket, and their bytes. */
export const countUploads = (uploads: number, bytes: number): void => {
  if (uploads === 0) return;
  metrics.addMetric(METRICS.upload, MetricUnit.Count, uploads);
  metrics.addMetric(METRICS.uploadedBytes, MetricUnit.Bytes, bytes);
};

/** The metric of each state of a flight. */
const FLIGHT_STATE_METRICS: Readonly<Record<FlightState, MetricName>> = {
  uploading: METRICS.flightUploading,
  complete: METRICS.flightComplete,
  'reported-complete': METRICS.flightReportedComplete,
  stalled: METRICS.flightStalled,
};

/** A publisher that also counts flights by the state that they come into. */
export const countingFlightStates = (publisher: EventPublisher): EventPublisher => ({
  async publish(events) {
    await publisher.publish(events);
    for (const event of events)
      if (event.type === 'FlightStateChanged')
        metrics.addMetric(FLIGHT_STATE_METRICS[event.detail.state], MetricUnit.Count, 1);
  },
});
