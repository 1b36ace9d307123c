import { createServer, type Server } from 'node:http';
import type { LocalAws } from '../packages/local-aws/index.ts';
import type { Endpoints } from './endpoints.ts';
import { answerFunctionEnvironment } from './function-environment.ts';

/** A server that does not listen yet. */
export interface LazyPage {
  readonly server: Server;
  close(): Promise<void>;
}

/**
 * The page that shows the library. It uses two SDK clients, 30 MB, which are loaded with its first request.
 * Its server also gives `npm run invoke` the environment of a function.
 */
export function createLazyPage(aws: LocalAws, endpoints: () => Endpoints): LazyPage {
  let page: Promise<{ readonly server: Server; readonly close: () => void }> | undefined;
  const server = createServer(async (request, response) => {
    try {
      if (answerFunctionEnvironment(aws, request, response)) return;
      page ??= loadPage(endpoints());
      (await page).server.emit('request', request, response);
    } catch (error) {
      response.writeHead(500).end(`${error}\n`);
    }
  });
  return {
    server,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      (await page)?.close();
    },
  };
}

async function loadPage(endpoints: Endpoints): Promise<{ server: Server; close: () => void }> {
  const [{ S3Client }, { DynamoDBClient }, { DynamoDBDocumentClient }, { createLibraryPage }] =
    await Promise.all([
      import('@aws-sdk/client-s3'),
      import('@aws-sdk/client-dynamodb'),
      import('@aws-sdk/lib-dynamodb'),
      import('./page/page.ts'),
    ]);
  const { region, root, api, s3, dynamodb, bucket, table } = endpoints;
  const credentials = { accessKeyId: root.access_key_id, secretAccessKey: root.secret_access_key };
  const storage = new S3Client({ region, credentials, endpoint: s3, forcePathStyle: true });
  const database = new DynamoDBClient({ region, credentials, endpoint: dynamodb });
  const server = createLibraryPage({
    database: DynamoDBDocumentClient.from(database),
    tableName: table,
    storage,
    bucketName: bucket,
    api,
    s3,
  });
  return {
    server,
    close: () => {
      storage.destroy();
      database.destroy();
    },
  };
}
