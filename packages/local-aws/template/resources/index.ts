import type { ResourceTypes } from '../resource.ts';
import { BUCKET_DEPLOYMENT_TYPES } from './bucket-deployment.ts';
import { CLOUDFRONT_TYPES } from './cloudfront.ts';
import { COGNITO_TYPES } from './cognito.ts';
import { CONTAINER_TYPES } from './containers.ts';
import { DYNAMODB_TYPES } from './dynamodb.ts';
import { EVENTS_TYPES } from './events.ts';
import { HTTP_API_TYPES } from './http-api.ts';
import { IAM_TYPES } from './iam.ts';
import { IOT_TYPES } from './iot.ts';
import { LAMBDA_TYPES } from './lambda.ts';
import { OBSERVABILITY_TYPES } from './observability.ts';
import { S3_TYPES } from './s3.ts';
import { SECRETS_MANAGER_TYPES } from './secrets-manager.ts';
import { SQS_TYPES } from './sqs.ts';

/**
 * The supported resource types. Each service has a file with its types and with functions that read them from
 * the template.
 */
export const RESOURCE_TYPES: ResourceTypes = {
  ...BUCKET_DEPLOYMENT_TYPES,
  ...CLOUDFRONT_TYPES,
  ...COGNITO_TYPES,
  ...CONTAINER_TYPES,
  ...DYNAMODB_TYPES,
  ...EVENTS_TYPES,
  ...HTTP_API_TYPES,
  ...IAM_TYPES,
  ...IOT_TYPES,
  ...LAMBDA_TYPES,
  ...OBSERVABILITY_TYPES,
  ...S3_TYPES,
  ...SECRETS_MANAGER_TYPES,
  ...SQS_TYPES,
};
