/** Docks of a benchmark: registered, with files in the bucket, connected to the broker. */
import { randomBytes, randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import mqtt, { type MqttClient } from 'mqtt';
import { dynamoDbDeviceRegistry } from '../functions/adapters/dynamodb-device-registry.ts';
import type { GatewaySn } from '../functions/core/gateway.ts';
import { hashPassword, randomPassword } from '../functions/core/gateway-password.ts';
import type { WorkspaceId } from '../functions/core/workspace.ts';
import { topicOf } from '../functions/protocol/topics.ts';
import type { DockUpload } from './dock-event.ts';
import { administrator, demoUser, type StackProcess } from './stack-process.ts';

const PUTS_AT_ONCE = 16;

/** A reply to a dock. */
export interface DockReply {
  readonly tid: string;
  readonly result: number;
}

/** A connected dock. */
export interface ConnectedDock {
  readonly sn: string;
  /** Resolves when the broker has acknowledged the event. */
  publish(event: object): Promise<unknown>;
}

/** Registers docks and uploads their files. */
export class DockFleet {
  readonly serialNumbers: readonly string[];
  readonly #stack: StackProcess;
  readonly #workspaceId: string;
  readonly #password = randomPassword();
  #connections: MqttClient[] = [];

  constructor(stack: StackProcess, count: number) {
    this.#stack = stack;
    this.#workspaceId = demoUser(stack).workspaceId;
    this.serialNumbers = Array.from(
      { length: count },
      (_, index) => `BENCHDOCK${String(index + 1).padStart(4, '0')}`,
    );
  }

  /** All docks have the same password: hashing one takes tens of milliseconds by design. */
  async register(): Promise<void> {
    const database = new DynamoDBClient(administrator(this.#stack, 'dynamodb'));
    const registry = dynamoDbDeviceRegistry(
      this.#stack.endpoints.table,
      DynamoDBDocumentClient.from(database),
    );
    const passwordHash = hashPassword(this.#password);
    for (const sn of this.serialNumbers) {
      await registry.createGateway({
        sn: sn as GatewaySn,
        workspaceId: this.#workspaceId as WorkspaceId,
        workspaceName: 'Benchmark',
        passwordHash,
        revoked: false,
        createdAt: new Date().toISOString(),
      });
    }
    database.destroy();
  }

  /** Uploads `count` small objects: the same number, and one flight, for each dock. */
  async putObjects(count: number): Promise<DockUpload[]> {
    const storage = new S3Client({ ...administrator(this.#stack, 's3'), forcePathStyle: true });
    const credentialId = randomBytes(12).toString('hex');
    const flights = new Map(this.serialNumbers.map((sn) => [sn, randomUUID()]));
    const uploads = Array.from({ length: count }, (_, index): DockUpload => {
      const gatewaySn = this.serialNumbers[index % this.serialNumbers.length] ?? '';
      const flightId = flights.get(gatewaySn) ?? '';
      const name = `DJI_20240516114207_${String(index).padStart(6, '0')}_W.JPG`;
      const objectKey = `${this.#workspaceId}/${credentialId}/${gatewaySn}/${flightId}/${name}`;
      return { gatewaySn, flightId, objectKey };
    });
    const queue = uploads.values();
    const work = async (): Promise<void> => {
      for (const { objectKey } of queue) {
        const object = { Bucket: this.#stack.endpoints.bucket, Key: objectKey, Body: randomBytes(256) };
        await storage.send(new PutObjectCommand(object));
      }
    };
    await Promise.all(Array.from({ length: PUTS_AT_ONCE }, work));
    storage.destroy();
    return uploads;
  }

  /** Connects all docks at the same time, and passes their replies on. */
  async connect(onReply: (reply: DockReply) => void): Promise<ConnectedDock[]> {
    return Promise.all(
      this.serialNumbers.map(async (sn) => {
        const connection = await mqtt.connectAsync(this.#stack.endpoints.mqtt, {
          clientId: sn,
          username: sn,
          password: this.#password,
          protocolVersion: 4,
          reconnectPeriod: 0,
        });
        this.#connections.push(connection);
        connection.on('message', (_topic, payload) => {
          const { tid, data } = JSON.parse(String(payload)) as { tid: string; data: { result: number } };
          onReply({ tid, result: data.result });
        });
        await connection.subscribeAsync(topicOf(sn, 'events_reply'), { qos: 1 });
        return {
          sn,
          publish: (event: object) =>
            connection.publishAsync(topicOf(sn, 'events'), JSON.stringify(event), { qos: 1 }),
        };
      }),
    );
  }

  async disconnect(): Promise<void> {
    await Promise.all(this.#connections.splice(0).map((connection) => connection.endAsync()));
  }
}
