import type { FunctionCredentials, FunctionDefinition } from './definitions.ts';

/**
 * All variables of a function: those of the template, those that Lambda always sets, and the addresses of the
 * local services. Variables of this process are not passed on, since AWS would not have them.
 */
export function functionEnvironment(
  definition: FunctionDefinition,
  options: {
    readonly region: string;
    readonly credentials: FunctionCredentials;
    /** Standard variables of the SDK, such as `AWS_ENDPOINT_URL_S3`. */
    readonly endpoints: Readonly<Record<string, string>>;
    readonly logStream: string;
  },
): Record<string, string> {
  const { credentials } = options;
  return {
    ...definition.environment,
    ...options.endpoints,
    // Lambda reserves these names: deployment fails for a template that sets one of them.
    AWS_REGION: options.region,
    AWS_DEFAULT_REGION: options.region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    AWS_EXECUTION_ENV: `AWS_Lambda_${definition.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: definition.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memoryInMegabytes),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_FORMAT: definition.logFormat,
    ...(definition.applicationLogLevel ? { AWS_LAMBDA_LOG_LEVEL: definition.applicationLogLevel } : {}),
    AWS_LAMBDA_LOG_GROUP_NAME: definition.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: options.logStream,
    LAMBDA_TASK_ROOT: definition.codeDirectory,
    _HANDLER: definition.handler,
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
  };
}
