/** Lets stations in whose password is their own name backwards, each to its own topic. */
import type { IoTCustomAuthorizerEvent, IoTCustomAuthorizerResult } from 'aws-lambda';
import { environment } from './environment.ts';

export async function handler({
  protocolData,
}: IoTCustomAuthorizerEvent): Promise<Partial<IoTCustomAuthorizerResult>> {
  const { username = '', password = '' } = protocolData.mqtt ?? {};
  if (Buffer.from(password, 'base64').toString() !== [...username].reverse().join('')) {
    return { isAuthenticated: false };
  }
  const arn = (path: string) => `arn:aws:iot:${environment('REGION_AND_ACCOUNT')}:${path}`;
  return {
    isAuthenticated: true,
    principalId: username,
    disconnectAfterInSeconds: 3600,
    refreshAfterInSeconds: 300,
    policyDocuments: [
      {
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Action: 'iot:Connect', Resource: arn(`client/${username}`) },
          { Effect: 'Allow', Action: 'iot:Publish', Resource: arn(`topic/stations/${username}/readings`) },
        ],
      },
    ],
  };
}
