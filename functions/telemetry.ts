/**
 * Names in logs and metrics, for the functions that write them, and the alarms and the dashboard in `lib/` that
 * read them.
 */

/**
 * The name of all functions together, in log lines and in the `service` dimension of metrics, where no stack
 * sets its own name: two stacks in one account must not share metrics.
 */
export const SERVICE_NAME = 'media-library';

/** Namespace of the functions' metrics. */
export const METRICS_NAMESPACE = 'MediaLibrary';

/** The metrics: each counts one kind of event, unless it says otherwise. */
export const METRICS = {
  /** Files whose bytes differ from those of the device. */
  integrityMismatch: 'IntegrityMismatch',
  /** Devices whose sign-in was refused. */
  deviceRefused: 'DeviceRefused',
  /** Messages of docks that were refused, or failed. */
  dockMessageRefused: 'DockMessageRefused',
  /** Docks that asked for their settings and got none. */
  dockSettingsMissing: 'DockSettingsMissing',
  /** Fields of reports that were left out, because of an unexpected type or shape. */
  reportFieldIgnored: 'ReportFieldIgnored',
  /** New versions in the bucket. */
  upload: 'Upload',
  /** Their bytes. The unit is bytes. */
  uploadedBytes: 'UploadedBytes',
  /** Flights that came into a state. */
  flightUploading: 'FlightUploading',
  flightComplete: 'FlightComplete',
  flightReportedComplete: 'FlightReportedComplete',
  flightStalled: 'FlightStalled',
} as const;

export type MetricName = (typeof METRICS)[keyof typeof METRICS];
