/** A function of the template. */
export interface FunctionDefinition {
  readonly name: string;
  readonly arn: string;
  /** Its name for people, such as `upload-callback`. It is the source of the function's log lines. */
  readonly label: string;
  /** Folder with the built bundle. */
  readonly codeDirectory: string;
  /** Such as `index.handler`. */
  readonly handler: string;
  /** Such as `nodejs24.x`. */
  readonly runtime: string;
  readonly roleArn: string;
  readonly timeoutInSeconds: number;
  readonly memoryInMegabytes: number;
  /** Invocations at the same time, before further ones are refused. @default no limit */
  readonly reservedConcurrency?: number | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly logFormat: 'JSON' | 'Text';
  readonly applicationLogLevel?: string | undefined;
  readonly logGroup: string;
  /** How often a failed asynchronous invocation is retried. */
  readonly retryAttempts: number;
  /** Where an asynchronous invocation goes that failed every time. @default it is dropped, with a log line */
  readonly onFailureArn?: string | undefined;
}

/** A statement of a function's resource policy. */
export interface InvokePermission {
  readonly functionArn: string;
  /** A service such as `apigateway.amazonaws.com`. */
  readonly principal: string;
  /** Pattern with `*` and `?`. @default any source */
  readonly sourceArn?: string | undefined;
  /** @default any account */
  readonly sourceAccount?: string | undefined;
}

/** Temporary credentials of a function's role. */
export interface FunctionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresAt: Date;
}

/** The result of an invocation. */
export type InvocationResult =
  | {
      readonly ok: true;
      /** What the handler returned, as JSON. */
      readonly payload: string;
    }
  | { readonly ok: false; readonly error: FunctionError };

/** An error in the form of Lambda. */
export interface FunctionError {
  /** Such as `TypeError`, `Sandbox.Timedout` or `Runtime.ExitError`. */
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: readonly string[];
}
