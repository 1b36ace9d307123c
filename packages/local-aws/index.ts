/**
 * Runs the template of a CDK app on one machine. Other parts of the project import only this file and
 * `lock.ts`.
 */
export { type AdministratorCall, CallError } from './administrator.ts';
export type { EnvironmentOf, TimeScales } from './compose.ts';
export { CAPACITY_CHANNEL, type CapacityConsumed } from './dynamodb/capacity.ts';
export type { BusEvent } from './events/definitions.ts';
export type { RootCredentials } from './iam/identities.ts';
export { type LocalAws, type LocalAwsOptions, startLocalAws } from './local-aws.ts';
export type { Log, LogEntry } from './log.ts';
export type { S3Event } from './s3/definitions.ts';
export type { NotificationDeliveries, QueuedNotification } from './s3/notifications.ts';
export {
  type Addresses,
  addressOf,
  checkPort,
  checkPorts,
  isLoopback,
  type Listening,
  listenOn,
  type Ports,
  portsFrom,
  SERVICES,
  type ServiceKey,
  StartError,
  type StartErrorCode,
} from './services.ts';
export { TemplateError } from './template/intrinsics.ts';
