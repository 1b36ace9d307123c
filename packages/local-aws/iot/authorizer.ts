import type { IoTCustomAuthorizerEvent } from 'aws-lambda';
import * as v from 'valibot';
import type { PolicyDocument } from '../iam/policy.ts';
import { checkPolicy } from '../iam/policy-validation.ts';
import { type AuthorizerDefinition, IOT_PRINCIPAL, type IotFunctions } from './definitions.ts';

/** AWS IoT's limit. Here it counts from when a worker has taken the event. */
const TIMEOUT_IN_MILLISECONDS = 5_000;

/** AWS IoT's limit for a policy of an authorizer, in characters. */
const MAX_POLICY_CHARACTERS = 2_048;

const IntervalSchema = v.pipe(v.number(), v.integer(), v.minValue(300), v.maxValue(86_400));

const AllowedSchema = v.object({
  isAuthenticated: v.literal(true),
  principalId: v.pipe(v.string(), v.regex(/^[a-zA-Z0-9]{1,128}$/, 'not 1 to 128 letters and digits')),
  disconnectAfterInSeconds: IntervalSchema,
  refreshAfterInSeconds: IntervalSchema,
  policyDocuments: v.pipe(v.array(v.union([v.string(), v.record(v.string(), v.unknown())])), v.maxLength(10)),
});

/** What an authorizer allows a device, until it is asked again. */
export interface Admission {
  readonly principalId: string;
  readonly disconnectAfterInSeconds: number;
  readonly refreshAfterInSeconds: number;
  readonly policies: readonly PolicyDocument[];
}

/** An admission, or the reason of the refusal. */
export type AuthorizerAnswer =
  | { readonly admitted: true; readonly admission: Admission }
  | { readonly admitted: false; readonly reason: string };

/** Invokes the custom authorizer for devices. */
export class Authorizer {
  readonly #definition: AuthorizerDefinition;
  readonly #functions: IotFunctions;

  /** Throws when AWS IoT has no permission to invoke the function. */
  constructor(definition: AuthorizerDefinition, functions: IotFunctions) {
    const { name, arn, functionArn } = definition;
    if (!functions.mayInvoke(functionArn, { principal: IOT_PRINCIPAL, sourceArn: arn })) {
      throw new Error(`Authorizer ${name}: no permission of ${functionArn} allows ${arn} to invoke it`);
    }
    this.#definition = definition;
    this.#functions = functions;
  }

  /** Never rejects. After any error the device is refused. */
  async ask(event: IoTCustomAuthorizerEvent): Promise<AuthorizerAnswer> {
    const { name, functionArn } = this.#definition;
    const wanted = authorizerNameIn(event.protocolData.mqtt?.username);
    if (wanted !== undefined && wanted !== name) return refused(`there is no authorizer ${wanted}`);
    let timer: NodeJS.Timeout | undefined;
    const timeout = Promise.withResolvers<undefined>();
    const onStart = (): void => {
      timer = setTimeout(() => timeout.resolve(undefined), TIMEOUT_IN_MILLISECONDS);
    };
    try {
      const answered = this.#functions.invoke(functionArn, event, onStart);
      const result = await Promise.race([answered, timeout.promise]);
      if (!result) return refused(`authorizer ${name} took over ${TIMEOUT_IN_MILLISECONDS} ms`);
      if (!result.ok) return refused(`authorizer ${name} failed: ${result.error.errorType}`);
      return readAnswer(JSON.parse(result.payload));
    } catch (error) {
      return refused(`authorizer ${name} failed: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Reads the response of an authorizer, with the limits that AWS documents. */
export function readAnswer(answer: unknown): AuthorizerAnswer {
  if ((answer as { isAuthenticated?: unknown } | null)?.isAuthenticated === false) {
    return refused('the authorizer refuses it');
  }
  const parsed = v.safeParse(AllowedSchema, answer);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    return refused(
      `AWS would reject the authorizer's response: ${v.getDotPath(issue) ?? ''}: ${issue.message}`,
    );
  }
  const { principalId, disconnectAfterInSeconds, refreshAfterInSeconds, policyDocuments } = parsed.output;
  try {
    return {
      admitted: true,
      admission: {
        principalId,
        disconnectAfterInSeconds: disconnectAfterInSeconds,
        refreshAfterInSeconds: refreshAfterInSeconds,
        policies: policyDocuments.map(readPolicy),
      },
    };
  } catch (error) {
    return refused(`AWS would reject the authorizer's policy: ${(error as Error).message}`);
  }
}

function readPolicy(written: string | Record<string, unknown>): PolicyDocument {
  const document: unknown = typeof written === 'string' ? JSON.parse(written) : written;
  const { length } = JSON.stringify(document);
  if (length > MAX_POLICY_CHARACTERS) {
    throw new Error(`it has ${length} characters, and ${MAX_POLICY_CHARACTERS} are the limit`);
  }
  checkPolicy(document, 'identity');
  return document;
}

/** On the account's default endpoint, the authorizer's name follows a question mark in the user name. */
function authorizerNameIn(username: string | undefined): string | undefined {
  const mark = username?.indexOf('?') ?? -1;
  if (mark < 0) return undefined;
  return new URLSearchParams(username?.slice(mark + 1)).get('x-amz-customauthorizer-name') ?? undefined;
}

function refused(reason: string): AuthorizerAnswer {
  return { admitted: false, reason };
}
