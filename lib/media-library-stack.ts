import { Aws, CfnOutput, Stack, type StackProps } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { Alarms } from './alarms.ts';
import { AuditTrail } from './audit-trail.ts';
import { type Configuration, hasBridge } from './configuration.ts';
import { Dashboard } from './dashboard.ts';
import { DeadLetters } from './dead-letters.ts';
import { mqttAddressOf } from './dock-address.ts';
import { DockGateway } from './dock-gateway.ts';
import { DockSettings } from './dock-settings.ts';
import { HostedBridge } from './hosted-bridge.ts';
import { Identity } from './identity.ts';
import { LibraryFunctions } from './library-functions.ts';
import { MediaBucket } from './media-bucket.ts';
import { MediaHttpApi } from './media-http-api.ts';
import { MediaTable } from './media-table.ts';
import { MonthlyBudget } from './monthly-budget.ts';
import { UploadRole } from './upload-role.ts';
import { WorkQueues } from './work-queues.ts';

/** What the stack is made from. */
export interface MediaLibraryStackProps extends StackProps {
  /** With all defaults. */
  readonly configuration: Configuration;
  /** Folder of the bundles: `<name>/index.mjs`. */
  readonly bundlesDirectory: string;
}

/**
 * The cloud side of DJI media upload: an HTTP API for Pilot, MQTT for docks, a catalog, and a bucket for the
 * files.
 */
export class MediaLibraryStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { configuration, bundlesDirectory, ...props }: MediaLibraryStackProps,
  ) {
    const { stackName, lifecycle, dock, bridge, auditTrail, alarmEmail, monthlyBudgetInUsd } = configuration;
    super(scope, id, { description: 'Media library for DJI devices', stackName, ...props });
    const mqttAddress = mqttAddressOf(configuration);
    const hasDocks = dock.endpoint !== 'none';

    const deadLetters = new DeadLetters(this, 'DeadLetters', { hasDocks });
    const queues = new WorkQueues(this, 'Work', { deadLetters });
    const table = new MediaTable(this, 'Catalog');
    const bucket = new MediaBucket(this, 'Media', { lifecycle, queues });
    const { events, retentionInDays } = auditTrail;
    if (events !== 'none') new AuditTrail(this, 'Audit', { bucket, events, retentionInDays });
    const uploadRole = new UploadRole(this, 'Upload', { bucket });
    const identity = new Identity(this, 'Identity', configuration);
    const dockSettings =
      hasDocks && dock.mode !== 'media-only' ? new DockSettings(this, 'DockSettings') : undefined;

    const functions = new LibraryFunctions(this, 'Functions', {
      ...configuration,
      ...{ table, bucket, queues, uploadRole, identity, dockSettings, mqttAddress, bundlesDirectory },
    });
    const api = new MediaHttpApi(this, 'Http', { ...configuration, identity, functions });
    const docks = hasDocks ? new DockGateway(this, 'Docks', { dock, functions, deadLetters }) : undefined;

    const { logRetentionInDays } = configuration;
    const hostedBridge =
      docks && hasBridge(bridge)
        ? new HostedBridge(this, 'Bridge', {
            bridge,
            authorizerName: docks.authorizerName,
            logRetentionInDays,
          })
        : undefined;

    const alarms = new Alarms(this, 'Alarms', {
      api,
      functions: functions.all,
      deadLetters,
      queues,
      dockSettings,
      bridge: hostedBridge,
      ...(alarmEmail && { alarmEmail }),
    });
    const watched = { api, functions: functions.all, table, bucket, queues };
    new Dashboard(this, 'Dashboard', { ...watched, alarms: alarms.all, hasDocks });
    if (alarmEmail && monthlyBudgetInUsd)
      new MonthlyBudget(this, 'Budget', { amountInUsd: monthlyBudgetInUsd, email: alarmEmail });
    docks?.opensAfter(...this.node.children.filter((child) => child !== docks));
    if (mqttAddress) new CfnOutput(this, 'MqttAddress', { value: mqttAddress });
    new CfnOutput(this, 'Region', { value: Aws.REGION });
  }
}
