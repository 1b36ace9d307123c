import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { ArgumentError } from './arguments.ts';

/** Asks for a password without showing it. Undefined when there is no terminal. */
export function passwordPrompt(
  input: NodeJS.ReadStream,
  output: NodeJS.WritableStream,
): ((username: string) => Promise<string>) | undefined {
  if (!input.isTTY) return undefined;
  return async (username) => {
    output.write(`Password of ${username}: `);
    const muted = new Writable({ write: (_chunk, _encoding, done) => done() });
    const reader = createInterface({ input, output: muted, terminal: true });
    try {
      return await new Promise<string>((resolve, reject) => {
        reader.on('SIGINT', () => reject(new ArgumentError('no password given')));
        reader.question('', resolve);
      });
    } finally {
      reader.close();
      output.write('\n');
    }
  };
}
