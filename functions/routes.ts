/**
 * The HTTP surface: one row a function. The stack makes routes from it and `docs/openapi.yaml` describes it,
 * so this file holds data only.
 */
export interface HttpFunction {
  /** File in `functions/http/`, and the function's name in logs. */
  readonly name: string;
  /** API Gateway route keys. */
  readonly routeKeys: readonly string[];
  /** Whether API Gateway demands a valid `x-auth-token` before the function runs. */
  readonly authorized: boolean;
}

export const HTTP_FUNCTIONS = [
  { name: 'login', routeKeys: ['POST /manage/api/v1/login'], authorized: false },
  // An expired token must still reach this one, with its refresh token in the body: it checks for itself.
  { name: 'token-refresh', routeKeys: ['POST /manage/api/v1/token/refresh'], authorized: false },
  {
    name: 'fast-upload',
    routeKeys: ['POST /media/api/v1/workspaces/{workspace_id}/fast-upload'],
    authorized: true,
  },
  {
    name: 'tiny-fingerprints',
    routeKeys: [
      'POST /media/api/v1/workspaces/{workspace_id}/files/tiny-fingerprints',
      'GET /media/api/v1/workspaces/{workspace_id}/files/tiny-fingerprints',
    ],
    authorized: true,
  },
  {
    name: 'sts',
    routeKeys: [
      'POST /storage/api/v1/workspaces/{workspace_id}/sts',
      'GET /storage/api/v1/workspaces/{workspace_id}/sts',
    ],
    authorized: true,
  },
  {
    name: 'upload-callback',
    routeKeys: ['POST /media/api/v1/workspaces/{workspace_id}/upload-callback'],
    authorized: true,
  },
  {
    name: 'group-upload-callback',
    routeKeys: ['POST /media/api/v1/workspaces/{workspace_id}/group-upload-callback'],
    authorized: true,
  },
  {
    name: 'flight',
    routeKeys: ['GET /media/api/v1/workspaces/{workspace_id}/flights/{flight_id}'],
    authorized: true,
  },
  {
    name: 'prioritize-flight',
    routeKeys: ['POST /media/api/v1/workspaces/{workspace_id}/flights/{flight_id}/prioritize'],
    authorized: true,
  },
  { name: 'unknown-route', routeKeys: ['$default'], authorized: false },
] as const satisfies readonly HttpFunction[];

export type HttpFunctionName = (typeof HTTP_FUNCTIONS)[number]['name'];
