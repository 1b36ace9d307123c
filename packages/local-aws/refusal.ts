import { createServer, type IncomingMessage } from 'node:http';
import { newRequestId, sendError } from './http/answers.ts';
import { type ErrorProtocol, notImplemented } from './http/aws-error.ts';
import { type LocalService, localService } from './http/local-service.ts';

/**
 * Answers for every service that does not run: it is not implemented, or the template declares nothing of it.
 */
export function createRefusal(): LocalService {
  const server = createServer((request, response) => {
    // The service stands in the scope of the signature: Credential=key/date/region/service/aws4_request
    const [, service = 'this service'] =
      /Credential=[^/]+\/[^/]+\/[^/]+\/([^/]+)\//.exec(request.headers.authorization ?? '') ?? [];
    const error = notImplemented(`${service}, or the template declares nothing of it`);
    sendError(response, error, { protocol: protocolOf(request), requestId: newRequestId() });
  });
  return localService('other', server);
}

function protocolOf({ headers }: IncomingMessage): ErrorProtocol {
  const contentType = headers['content-type'] ?? '';
  if (headers['x-amz-target'] !== undefined || contentType.includes('json')) return 'json';
  return contentType.startsWith('application/x-www-form-urlencoded') ? 'query' : 's3';
}
