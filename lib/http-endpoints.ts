import { Construct } from 'constructs';
import { MQTT_ADDRESS } from '../functions/environment.ts';
import { HTTP_FUNCTIONS, type HttpFunction, type HttpFunctionName } from '../functions/routes.ts';
import { constructId } from './construct-id.ts';
import { grantPublish } from './device-topics.ts';
import { EndpointFunction, type EndpointFunctionSettings } from './endpoint-function.ts';
import type { Identity } from './identity.ts';
import type { MediaBucket } from './media-bucket.ts';
import type { MediaHttpApi } from './media-http-api.ts';
import type { MediaTable } from './media-table.ts';
import type { UploadRole } from './upload-role.ts';

/** What the functions behind the HTTP API stand between. */
export interface HttpEndpointsProps {
  readonly api: MediaHttpApi;
  readonly table: MediaTable;
  readonly bucket: MediaBucket;
  readonly uploadRole: UploadRole;
  readonly identity: Identity;
  /** What signing in tells Pilot to connect to; empty for nothing. */
  readonly mqttAddress: string;
  /** What they have in common. */
  readonly functions: EndpointFunctionSettings;
}

/** What a function is for, and all that it may do and is told. */
interface Endpoint {
  readonly does: string;
  grant?(endpoint: EndpointFunction): void;
}

const endpointsOf = ({
  table,
  bucket,
  uploadRole,
  identity,
  mqttAddress,
}: HttpEndpointsProps): Record<HttpFunctionName, Endpoint> => {
  const signIn = (fn: EndpointFunction) => {
    identity.grantSignIn(fn);
    fn.addEnvironment(MQTT_ADDRESS, mqttAddress);
  };
  return {
    login: { does: 'signs a user in', grant: signIn },
    'token-refresh': { does: 'renews a token', grant: signIn },
    'fast-upload': {
      does: 'tells whether the bytes are stored, and links them',
      grant: (fn) => {
        table.grant(fn, 'GetItem', 'PutItem', 'UpdateItem', 'DeleteItem');
        bucket.grantHead(fn);
      },
    },
    'tiny-fingerprints': {
      does: 'tells which of many files are stored',
      grant: (fn) => table.grant(fn, 'BatchGetItem'),
    },
    sts: {
      does: 'hands out credentials to upload with',
      grant: (fn) => {
        bucket.grantAddress(fn);
        uploadRole.grantAssume(fn);
      },
    },
    'upload-callback': {
      does: 'records an uploaded file',
      grant: (fn) => {
        table.grant(fn, 'GetItem', 'PutItem', 'UpdateItem');
        bucket.grantHead(fn);
      },
    },
    'group-upload-callback': {
      does: 'counts the files of a flight',
      grant: (fn) => table.grant(fn, 'UpdateItem'),
    },
    flight: {
      does: 'tells how far the upload of a flight is',
      grant: (fn) => table.grant(fn, 'GetItem', 'Query'),
    },
    'prioritize-flight': {
      does: 'asks a dock to upload a flight before others',
      grant: (fn) => {
        table.grant(fn, 'GetItem', 'Query', 'PutItem', 'UpdateItem');
        grantPublish(fn, 'services');
      },
    },
    'unknown-route': { does: 'answers whatever is no route' },
  };
};

/** Functions that sign people in; with an OIDC issuer of their own they sign in there. */
const SIGN_IN: readonly HttpFunctionName[] = ['login', 'token-refresh'];

/** The functions behind the HTTP API, one a row of `functions/routes.ts`. */
export class HttpEndpoints extends Construct {
  /** All of them. */
  readonly functions: readonly EndpointFunction[];

  constructor(scope: Construct, id: string, props: HttpEndpointsProps) {
    super(scope, id);
    const endpoints = endpointsOf(props);
    this.functions = HTTP_FUNCTIONS.filter(
      ({ name }) => props.identity.signsIn || !SIGN_IN.includes(name),
    ).map((row: HttpFunction & { name: HttpFunctionName }) => {
      const { does, grant } = endpoints[row.name];
      const endpoint = new EndpointFunction(this, constructId(row.name), {
        name: row.name,
        does,
        ...props.functions,
      });
      if (row.authorized) props.identity.grantWorkspaces(endpoint);
      grant?.(endpoint);
      props.api.route(row, endpoint);
      return endpoint;
    });
  }
}
