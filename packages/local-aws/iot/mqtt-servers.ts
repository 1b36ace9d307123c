import { createServer as createHttpServer, type Server as HttpServer, type IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { limitPackets } from './packet-limit.ts';

/** Takes a new MQTT connection; over WebSocket, with the request that opened it. */
export type ConnectionHandler = (connection: Duplex, request?: IncomingMessage) => void;

/** AWS IoT's path and name of MQTT over WebSocket. */
const WEB_SOCKET_PATH = '/mqtt';
const SUBPROTOCOL = 'mqtt';

/** The two servers of the broker. */
export interface MqttServers {
  readonly mqtt: Server;
  readonly mqttWs: HttpServer;
  /** Stops listening, and closes open connections. */
  close(): Promise<void>;
}

/** Servers for MQTT over TCP and over WebSocket; the caller listens. */
export function createMqttServers(handle: ConnectionHandler): MqttServers {
  const connections = new Set<Duplex>();
  const take: ConnectionHandler = (connection, request) => {
    connections.add(connection);
    connection.once('close', () => connections.delete(connection));
    limitPackets(connection);
    handle(connection, request);
  };

  // Without `noDelay` a round trip takes 50 ms instead of 3.
  const mqtt = createServer({ noDelay: true }, (socket) => take(socket));

  const webSockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
  const mqttWs = createHttpServer((_request, response) => {
    response.writeHead(426, { connection: 'close', upgrade: 'websocket' }).end();
  });
  mqttWs.on('upgrade', (request, socket, head) => {
    const refusal = upgradeRefusal(request);
    if (refusal !== undefined) {
      socket.on('error', () => socket.destroy());
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      take(createWebSocketStream(webSocket), request);
    });
  });

  return {
    mqtt,
    mqttWs,
    close: async () => {
      const closed = [mqtt, mqttWs].map((server) => new Promise((resolve) => server.close(resolve)));
      for (const connection of connections) connection.destroy();
      mqttWs.closeAllConnections();
      await Promise.all(closed);
    },
  };
}

function upgradeRefusal({ url = '', headers }: IncomingMessage): string | undefined {
  if (url.split('?')[0] !== WEB_SOCKET_PATH) return '404 Not Found';
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  return offered.includes(SUBPROTOCOL) ? undefined : '400 Bad Request';
}
