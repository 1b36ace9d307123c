/**
 * Custom authorizer of the MQTT endpoint
 *
 * Lets a registered gateway in with its serial number and password, and pins it to its own topics. AWS IoT gives the answer five seconds.
 */
import { MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Context, IoTCustomAuthorizerEvent, IoTCustomAuthorizerResult } from 'aws-lambda';
import { dynamoDbDeviceRegistry } from '../adapters/dynamodb-device-registry.ts';
import { devicePolicies, isSafeClientId } from '../core/device-policy.ts';
import { type DeviceRegistry, isGatewaySn, type Topology } from '../core/gateway.ts';
import { passwordMatches } from '../core/gateway-password.ts';
import { MEDIA_TABLE_NAME, requireEnv } from '../environment.ts';
import { logger, metrics } from '../middleware/log.ts';

/** A day: AWS IoT's longest. */
const DISCONNECT_AFTER_SECONDS = 86_400;
/** AWS IoT's shortest: a revoked device stays connected for no longer. */
const REFRESH_AFTER_SECONDS = 300;

const REFUSED = { isAuthenticated: false } as IoTCustomAuthorizerResult;

/** On the account's default endpoint the user name carries the authorizer's name behind a question mark. */
const serialNumberOf = (username: string | undefined): string => (username ?? '').split('?')[0] ?? '';

/** Another gateway's client id would throw that gateway off the broker. */
async function clientIdIsTaken(registry: DeviceRegistry, clientId: string, sn: string): Promise<boolean> {
  return clientId !== sn && isGatewaySn(clientId) && (await registry.findGateway(clientId)) !== undefined;
}

/** A gateway speaks for its drones, which it names itself; what is registered speaks for itself. */
async function withOwnDrones<Known extends { readonly topology: Topology }>(
  registry: DeviceRegistry,
  gateway: Known,
): Promise<Known> {
  const claimed = gateway.topology.online.filter(isGatewaySn);
  const registered = await Promise.all(claimed.map((sn) => registry.findGateway(sn)));
  const online = claimed.filter((_sn, index) => registered[index] === undefined);
  return { ...gateway, topology: { ...gateway.topology, online } };
}

export const authorize =
  (registry: DeviceRegistry) =>
  async (event: IoTCustomAuthorizerEvent, context: Context): Promise<IoTCustomAuthorizerResult> => {
    const { username, password, clientId } = event.protocolData.mqtt ?? {};
    const sn = serialNumberOf(username);
    const gateway = isGatewaySn(sn) ? await registry.findGateway(sn) : undefined;
    const matches = await passwordMatches(
      Buffer.from(password ?? '', 'base64').toString(),
      gateway?.passwordHash,
    );

    logger.resetKeys();
    logger.addContext(context);
    const refuse = (reason: string) => {
      metrics.addMetric('DeviceRefused', MetricUnit.Count, 1);
      metrics.publishStoredMetrics();
      logger.warn('refused', { reason, gateway_sn: isGatewaySn(sn) ? sn : undefined });
      return REFUSED;
    };
    if (!gateway || gateway.revoked || !matches) return refuse('unknown, revoked or wrong password');
    if (!clientId || !isSafeClientId(clientId)) return refuse('unusable client id');
    if (await clientIdIsTaken(registry, clientId, sn)) return refuse("another gateway's client id");

    const [, partition = '', , region = '', accountId = ''] = context.invokedFunctionArn.split(':');
    return {
      isAuthenticated: true,
      principalId: gateway.sn,
      disconnectAfterInSeconds: DISCONNECT_AFTER_SECONDS,
      refreshAfterInSeconds: REFRESH_AFTER_SECONDS,
      policyDocuments: devicePolicies(
        { partition, region, accountId },
        await withOwnDrones(registry, gateway),
        clientId,
      ),
    };
  };

export const handler = authorize(dynamoDbDeviceRegistry(requireEnv(MEDIA_TABLE_NAME)));
