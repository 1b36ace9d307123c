import type { Server } from 'node:http';

/** A service of the local stack. The stack decides where its server listens. */
export interface LocalService {
  readonly name: string;
  readonly server: Server;
  /** Stops listening and closes open connections. */
  close(): Promise<void>;
}

/** A server as a service that closes without waiting for idle clients. */
export function localService(name: string, server: Server): LocalService {
  return {
    name,
    server,
    close: () =>
      new Promise((resolve, reject) => {
        if (!server.listening) {
          resolve();
          return;
        }
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}
