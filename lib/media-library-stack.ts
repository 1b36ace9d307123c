import { Aws, CfnOutput, Stack, type StackProps } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { Alarms } from './alarms.ts';
import type { Configuration } from './configuration.ts';
import { DeadLetters } from './dead-letters.ts';
import { DockGateway } from './dock-gateway.ts';
import { HttpEndpoints } from './http-endpoints.ts';
import { Identity } from './identity.ts';
import { MediaBucket } from './media-bucket.ts';
import { MediaHttpApi } from './media-http-api.ts';
import { MediaTable } from './media-table.ts';
import { RemovedObjects } from './removed-objects.ts';
import { UploadRole } from './upload-role.ts';

/** What a stack is made from. */
export interface MediaLibraryStackProps extends StackProps {
  /** Checked and complete. */
  readonly configuration: Configuration;
  /** Folder with a bundle a function: `<name>/index.mjs`. */
  readonly bundlesDirectory: string;
}

/** The cloud side of DJI media upload: an HTTP API for Pilot, MQTT for docks, a catalog, and a bucket for the bytes. */
export class MediaLibraryStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { configuration, bundlesDirectory, ...props }: MediaLibraryStackProps,
  ) {
    super(scope, id, { description: 'Media library for DJI devices', ...props });
    const { logRetentionDays, lifecycle, dock, alarmEmail } = configuration;
    const functions = { bundlesDirectory, logRetentionDays };

    const table = new MediaTable(this, 'Catalog');
    const bucket = new MediaBucket(this, 'Media', { lifecycle });
    const uploadRole = new UploadRole(this, 'Upload', { bucket });
    const identity = new Identity(this, 'Identity', configuration);

    const deadLetters = new DeadLetters(this, 'DeadLetters');
    const storage = { table, bucket, uploadRole, deadLetters, functions };

    const docks = new DockGateway(this, 'Docks', { dock, ...storage });
    const mqttAddress = configuration.mqttAddress || (docks.mqttAddress ?? '');

    const api = new MediaHttpApi(this, 'Http', { ...configuration, identity });
    const endpoints = new HttpEndpoints(this, 'Endpoints', { api, identity, mqttAddress, ...storage });
    const removedObjects = new RemovedObjects(this, 'RemovedObjects', storage);

    new Alarms(this, 'Alarms', {
      api,
      functions: [...endpoints.functions, ...docks.functions, removedObjects.function],
      deadLetters,
      dockSettings: docks.settings,
      ...(alarmEmail && { alarmEmail }),
    });
    if (mqttAddress) new CfnOutput(this, 'MqttAddress', { value: mqttAddress });
    new CfnOutput(this, 'Region', { value: Aws.REGION });
  }
}
