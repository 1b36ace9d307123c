/** Names in logs and metrics, for the functions that write them and the alarms of `lib/` that read them. */

/** Name of all functions together, in log lines and in the metrics' `service` dimension. */
export const SERVICE_NAME = 'media-library';

/** Namespace of the metrics that functions write. */
export const METRICS_NAMESPACE = 'MediaLibrary';

/** The metrics: each counts one kind of event. */
export const METRICS = {
  /** Files whose bytes are not those that the device announced. */
  integrityMismatch: 'IntegrityMismatch',
  /** Devices that were not let in. */
  deviceRefused: 'DeviceRefused',
  /** Messages of docks that were refused, or failed. */
  dockMessageRefused: 'DockMessageRefused',
  /** Docks that asked for their settings and got none. */
  dockSettingsMissing: 'DockSettingsMissing',
  /** Fields of reports that were left out, since nobody understands them. */
  reportFieldIgnored: 'ReportFieldIgnored',
} as const;

export type MetricName = (typeof METRICS)[keyof typeof METRICS];
