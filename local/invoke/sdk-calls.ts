import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type Call, toPlain } from './call-log.ts';

interface SdkCommand {
  readonly input: unknown;
  /** The command inside a command of the document client. */
  readonly clientCommand?: object;
}

interface SdkClient {
  readonly config: { readonly serviceId?: string };
  send(this: SdkClient, command: SdkCommand, ...rest: unknown[]): Promise<unknown>;
}

const operationOf = (command: SdkCommand): string =>
  (command.clientCommand ?? command).constructor.name.replace(/Command$/, '');

function outputOf(output: unknown): unknown {
  const { $metadata: _metadata, ...rest } = (output ?? {}) as Record<string, unknown>;
  return toPlain(rest);
}

/** Records every call of every AWS SDK client in this process, from now on. */
export function recordSdkCalls(calls: Call[]): void {
  const base: { prototype: SdkClient } = Object.getPrototypeOf(DynamoDBDocumentClient);
  const { send } = base.prototype;
  base.prototype.send = async function (command, ...rest) {
    const startedAt = performance.now();
    const note = (outcome: Pick<Call, 'output' | 'error'>): void => {
      calls.push({
        name: `${this.config.serviceId} ${operationOf(command)}`,
        input: toPlain(command.input),
        durationInMilliseconds: performance.now() - startedAt,
        ...outcome,
      });
    };
    try {
      const output = await send.call(this, command, ...rest);
      note({ output: outputOf(output) });
      return output;
    } catch (error) {
      const { name, message } = error as Error;
      note({ error: { name, message } });
      throw error;
    }
  };
}
