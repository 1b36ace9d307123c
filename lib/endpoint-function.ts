import { join } from 'node:path';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  ApplicationLogLevel,
  Architecture,
  Code,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
} from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { type Duration, RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { POWERTOOLS_LOG_LEVEL, POWERTOOLS_SERVICE_NAME } from '../functions/environment.ts';
import type { Configuration } from './configuration.ts';

/** What all functions have in common. */
export interface EndpointFunctionSettings extends Pick<Configuration, 'logRetentionInDays' | 'logLevel'> {
  /** Folder of the bundles: `<name>/index.mjs`. */
  readonly bundlesDirectory: string;
}

/** One function. */
export interface EndpointFunctionProps extends EndpointFunctionSettings {
  /** Name of the handler's file and of its bundle. */
  readonly name: string;
  /** Its description in the list of functions. */
  readonly does: string;
  /** Lambda ends a call after this time. */
  readonly timeout: Duration;
  /** Megabytes. */
  readonly memorySize: number;
  /** Calls at the same time, before others are refused. @default - the account's concurrency */
  readonly reservedConcurrency?: number | undefined;
}

/**
 * A Lambda function with its bundle, its own role and its own log group. It may write to that log group and
 * do nothing else.
 */
export class EndpointFunction extends NodejsFunction {
  /** Used by no other function. */
  declare readonly role: Role;
  /** Megabytes. */
  readonly memorySize: number;

  constructor(scope: Construct, id: string, props: EndpointFunctionProps) {
    const logGroup = new LogGroup(scope, `${id}Logs`, {
      retention: props.logRetentionInDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // Without this role, CDK would attach AWSLambdaBasicExecutionRole, which may write to every log group.
    const role = new Role(scope, `${id}Role`, {
      description: `Role of the function ${props.name}`,
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    super(scope, id, {
      description: `${props.name}: ${props.does}`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: Code.fromAsset(join(props.bundlesDirectory, props.name)),
      handler: 'index.handler',
      memorySize: props.memorySize,
      ...(props.reservedConcurrency !== undefined && {
        reservedConcurrentExecutions: props.reservedConcurrency,
      }),
      timeout: props.timeout,
      role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      applicationLogLevelV2: ApplicationLogLevel[props.logLevel],
      // The lines at start and end of a call say only what metrics say, and would triple the log.
      systemLogLevelV2: props.logLevel === 'DEBUG' ? SystemLogLevel.INFO : SystemLogLevel.WARN,
      environment: {
        [POWERTOOLS_LOG_LEVEL]: props.logLevel,
        [POWERTOOLS_SERVICE_NAME]: Stack.of(scope).stackName,
      },
    });
    this.memorySize = props.memorySize;
    logGroup.grantWrite(role);
  }
}
