import type { Context, IoTCustomAuthorizerEvent, IoTCustomAuthorizerResult } from 'aws-lambda';
import type { AdmittedGateway, SignIn } from '../core/admit-device.ts';
import { isGatewaySn } from '../core/gateway.ts';
import { logger } from './log.ts';
import { observedChain, refusalEndsWith } from './observed-chain.ts';

/** A day, AWS IoT's maximum. */
const DISCONNECT_AFTER_IN_SECONDS = 86_400;
/** AWS IoT's minimum: a revoked device is disconnected after this time. */
const REFRESH_AFTER_IN_SECONDS = 300;

const REFUSED = { isAuthenticated: false } as IoTCustomAuthorizerResult;

/** Authenticates a device. Throws `DeviceRefusedError`. */
export type Admission = (signIn: SignIn) => Promise<AdmittedGateway>;

/** The policies of a gateway, in AWS IoT's form. */
export type DevicePolicies = (
  location: { readonly partition: string; readonly region: string; readonly accountId: string },
  gateway: AdmittedGateway,
  clientId: string,
) => IoTCustomAuthorizerResult['policyDocuments'];

/** On the account's default endpoint, the authorizer's name follows a question mark in the user name. */
const serialNumberOf = (username: string | undefined): string => (username ?? '').split('?')[0] ?? '';

const signInOf = ({ protocolData }: IoTCustomAuthorizerEvent): SignIn => ({
  sn: serialNumberOf(protocolData.mqtt?.username),
  password: Buffer.from(protocolData.mqtt?.password ?? '', 'base64').toString(),
  clientId: protocolData.mqtt?.clientId ?? '',
});

/** The chain of AWS IoT's custom authorizer. */
export const deviceAuthorizer = (admit: Admission, policies: DevicePolicies) =>
  observedChain<IoTCustomAuthorizerEvent, IoTCustomAuthorizerResult>()
    .use(refusalEndsWith(REFUSED))
    .handler(async (event: IoTCustomAuthorizerEvent, context: Context) => {
      const signIn = signInOf(event);
      if (isGatewaySn(signIn.sn)) logger.appendKeys({ gateway_sn: signIn.sn });
      const gateway = await admit(signIn);
      const [, partition = '', , region = '', accountId = ''] = context.invokedFunctionArn.split(':');
      return {
        isAuthenticated: true,
        principalId: gateway.sn,
        disconnectAfterInSeconds: DISCONNECT_AFTER_IN_SECONDS,
        refreshAfterInSeconds: REFRESH_AFTER_IN_SECONDS,
        policyDocuments: policies({ partition, region, accountId }, gateway, signIn.clientId),
      };
    });
