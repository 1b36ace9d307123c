import { join } from 'node:path';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Duration, RemovalPolicy } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { METRICS_NAMESPACE, SERVICE_NAME } from './alarms.ts';
import type { Configuration } from './configuration.ts';

/** What all functions have in common. */
export interface EndpointFunctionSettings extends Pick<Configuration, 'logRetentionDays'> {
  /** Folder with a bundle a function: `<name>/index.mjs`. */
  readonly bundlesDirectory: string;
}

/** What one function is. */
export interface EndpointFunctionProps extends EndpointFunctionSettings {
  /** Name of the handler's file, and of its bundle. */
  readonly name: string;
  /** What it does, for people who read a list of functions. */
  readonly does: string;
  /**
   * When Lambda ends a call.
   * @default - 20 seconds
   */
  readonly timeout?: Duration;
  /**
   * Megabytes. CPU comes with memory, and a cold start is CPU: the code itself lives in 128.
   * @default 512
   */
  readonly memorySize?: number;
}

/** One function: its bundle, its own role, its own log group, and no permission but to write to that. */
export class EndpointFunction extends NodejsFunction {
  /** Its own role, which nothing else has. */
  declare readonly role: Role;

  constructor(scope: Construct, id: string, props: EndpointFunctionProps) {
    const logGroup = new LogGroup(scope, `${id}Logs`, {
      retention: props.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // Without a role of ours, CDK would attach AWSLambdaBasicExecutionRole, which may write to every log group.
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
      memorySize: props.memorySize ?? 512,
      // Room for the SDK's retries, and for our own answer before API Gateway gives up after 30 s.
      timeout: props.timeout ?? Duration.seconds(20),
      role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      environment: {
        POWERTOOLS_SERVICE_NAME: SERVICE_NAME,
        POWERTOOLS_METRICS_NAMESPACE: METRICS_NAMESPACE,
      },
    });
    logGroup.grantWrite(role);
  }
}
