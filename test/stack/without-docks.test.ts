import { describe, expect, it } from 'vitest';
import { MANIFEST } from '../../functions/manifest.ts';
import { synthesise } from './synthesise.ts';

const complete = synthesise();
const template = synthesise({ dock: { endpoint: 'none' } });

/** What only docks need: their methods, their sign-in, and what asks something of them. */
const OF_DOCKS = MANIFEST.filter(
  ({ trigger, may }) => trigger.kind.startsWith('mqtt') || may.publish !== undefined,
).map(({ name }) => name);

describe('a library without docks', () => {
  it('has nothing of AWS IoT', () => {
    expect(template.resources.filter(({ Type }) => Type.startsWith('AWS::IoT::'))).toEqual([]);
    expect(JSON.stringify(template.json)).not.toMatch(/iot\.amazonaws\.com|"iot:|:iot:/);
  });

  it('has no function of docks, and all others', () => {
    const others = complete.functionNames.filter((name) => !OF_DOCKS.includes(name));
    expect(template.functionNames).toEqual(others);
    expect(OF_DOCKS).toEqual(expect.arrayContaining(['authorizer', 'config', 'prioritize-flight']));
  });

  it('keeps no settings of docks, and no messages that could not be delivered', () => {
    expect(template.ofType('AWS::SecretsManager::Secret')).toEqual([]);
    expect(Object.keys(template.json.Outputs)).toEqual(
      expect.not.arrayContaining([
        'DockSettingsSecretArn',
        'UndeliveredQueueUrl',
        'MqttDomainConfiguration',
        'MqttAuthorizer',
      ]),
    );
    expect(Object.keys(template.json.Outputs)).toContain('UnhandledQueueUrl');
  });

  it('has no alarm about docks', () => {
    const ids = template.ofType('AWS::CloudWatch::Alarm').map(({ id }) => id);
    for (const alarm of ['RefusedDevices', 'DockSettingsMissing', 'UndeliveredMessages'])
      expect(ids.filter((id) => id.startsWith(`Alarms${alarm}`))).toEqual([]);
    expect(ids.filter((id) => id.startsWith('AlarmsUnhandledEvents'))).toHaveLength(1);
  });

  it('returns an MQTT server to Pilot only if one is configured', () => {
    expect(template.function('login').Properties.Environment.Variables.MQTT_ADDRESS).toBe('');
    const told = synthesise({ dock: { endpoint: 'none' }, mqttAddress: 'ssl://mqtt.example.com:8883' });
    expect(told.json.Outputs.MqttAddress.Value).toBe('ssl://mqtt.example.com:8883');
  });
});
