import { Aws, CfnOutput, Stack, type StackProps } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { Alarms } from './alarms.ts';
import type { Configuration } from './configuration.ts';
import { HttpEndpoints } from './http-endpoints.ts';
import { Identity } from './identity.ts';
import { MediaBucket } from './media-bucket.ts';
import { MediaHttpApi } from './media-http-api.ts';
import { MediaTable } from './media-table.ts';
import { UploadRole } from './upload-role.ts';

/** What a stack is made from. */
export interface MediaLibraryStackProps extends StackProps {
  /** Checked and complete. */
  readonly configuration: Configuration;
  /** Folder with a bundle a function: `<name>/index.mjs`. */
  readonly bundlesDirectory: string;
}

/** The cloud side of DJI media upload: an HTTP API that speaks DJI's protocol, a catalog, and a bucket for the bytes. */
export class MediaLibraryStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { configuration, bundlesDirectory, ...props }: MediaLibraryStackProps,
  ) {
    super(scope, id, { description: 'Media library for DJI devices', ...props });
    const { logRetentionDays, lifecycle, mqttAddress, alarmEmail } = configuration;

    const table = new MediaTable(this, 'Catalog');
    const bucket = new MediaBucket(this, 'Media', { lifecycle });
    const uploadRole = new UploadRole(this, 'Upload', { bucket });
    const identity = new Identity(this, 'Identity', configuration);

    const api = new MediaHttpApi(this, 'Http', { ...configuration, identity });
    const functions = { bundlesDirectory, logRetentionDays };
    const endpoints = new HttpEndpoints(this, 'Endpoints', {
      api,
      table,
      bucket,
      uploadRole,
      identity,
      mqttAddress,
      functions,
    });

    new Alarms(this, 'Alarms', { api, functions: endpoints.functions, ...(alarmEmail && { alarmEmail }) });
    new CfnOutput(this, 'Region', { value: Aws.REGION });
  }
}
