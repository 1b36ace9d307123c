/**
 * What can go wrong on this page's own way from the licence to the media module. Each has texts of its own.
 */
export type FailureId =
  | 'page-broken'
  | 'server-unreachable'
  | 'server-broken'
  | 'config-invalid'
  | 'licence-missing'
  | 'licence-refused'
  | 'workspace-missing'
  | 'workspace-refused'
  | 'api-not-loaded'
  | 'mqtt-missing'
  | 'thing-not-loaded'
  | 'thing-not-connected'
  | 'media-not-loaded'
  | 'clock-wrong';

export interface Failure {
  readonly id: FailureId;
  /** For the office: the bridge's code and message, or the id of the request. Never a secret. */
  readonly detail: string;
}
