import { describe, expect, it } from 'vitest';
import { synthesise } from './synthesise.ts';

const CERTIFICATE = 'arn:aws:acm:eu-central-1:123456789012:certificate/6f1d';
const VALIDATION_CERTIFICATE = 'arn:aws:acm:eu-central-1:123456789012:certificate/77aa';
const custom = { endpoint: 'custom-domain', domainName: 'mqtt.example.com', certificateArn: CERTIFICATE };

const managed = synthesise();
const ofOnesOwn = synthesise({ dock: custom });
const accountDefault = synthesise({ dock: { endpoint: 'account-default' } });

describe('the authorizer of docks', () => {
  const authorizer = managed.only('AWS::IoT::Authorizer');

  it('asks the function, and for no signature', () => {
    expect(authorizer.Properties).toEqual({
      AuthorizerFunctionArn: { 'Fn::GetAtt': [managed.function('authorizer').id, 'Arn'] },
      Status: 'ACTIVE',
      SigningDisabled: true,
      EnableCachingForHttp: false,
    });
  });

  it('alone may invoke it', () => {
    expect(managed.invokersOf('authorizer')).toEqual([
      {
        Action: 'lambda:InvokeFunction',
        FunctionName: { 'Fn::GetAtt': [managed.function('authorizer').id, 'Arn'] },
        Principal: 'iot.amazonaws.com',
        SourceArn: { 'Fn::GetAtt': [authorizer.id, 'Arn'] },
      },
    ]);
  });

  it('is there whatever docks connect to', () => {
    for (const template of [ofOnesOwn, accountDefault])
      expect(template.only('AWS::IoT::Authorizer').Properties).toEqual(authorizer.Properties);
  });
});

describe('the address of docks', () => {
  const letsDocksIn = {
    AuthenticationType: 'CUSTOM_AUTH',
    ApplicationProtocol: 'SECURE_MQTT',
    AuthorizerConfig: {
      DefaultAuthorizerName: { Ref: managed.only('AWS::IoT::Authorizer').id },
      AllowAuthorizerOverride: false,
    },
    ServiceType: 'DATA',
  };

  it('is made by AWS unless configured, with the authorizer in front', () => {
    expect(managed.only('AWS::IoT::DomainConfiguration').Properties).toEqual(letsDocksIn);
  });

  it('that AWS made stays when the stack goes, with its authorizer, since it cannot be deleted at once', () => {
    for (const type of ['AWS::IoT::DomainConfiguration', 'AWS::IoT::Authorizer'])
      expect(managed.only(type)).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    for (const type of ['AWS::IoT::DomainConfiguration', 'AWS::IoT::Authorizer'])
      expect(ofOnesOwn.only(type).DeletionPolicy).toBeUndefined();
  });

  it('is known only after deployment then: the output names what tells it', () => {
    const { MqttDomainConfiguration, MqttAddress } = managed.json.Outputs;
    expect(MqttDomainConfiguration).toEqual({
      Value: { Ref: managed.only('AWS::IoT::DomainConfiguration').id },
      Description: expect.stringContaining('aws iot describe-domain-configuration'),
    });
    expect(MqttAddress).toBeUndefined();
  });

  it('can be a domain of one\u2019s own', () => {
    expect(ofOnesOwn.only('AWS::IoT::DomainConfiguration').Properties).toEqual({
      ...letsDocksIn,
      DomainName: 'mqtt.example.com',
      ServerCertificateArns: [CERTIFICATE],
    });
    expect(ofOnesOwn.json.Outputs.MqttAddress.Value).toBe('ssl://mqtt.example.com:8883');
    expect(ofOnesOwn.json.Outputs.MqttDomainConfiguration).toBeUndefined();
  });

  it('can have a certificate of a private CA, with a public one as proof', () => {
    const dock = { ...custom, validationCertificateArn: VALIDATION_CERTIFICATE };
    expect(synthesise({ dock }).only('AWS::IoT::DomainConfiguration').Properties).toMatchObject({
      ServerCertificateArns: [CERTIFICATE],
      ValidationCertificateArn: VALIDATION_CERTIFICATE,
    });
  });

  it("can be the account's default one, where docks name the authorizer", () => {
    expect(accountDefault.ofType('AWS::IoT::DomainConfiguration')).toEqual([]);
    expect(accountDefault.json.Outputs.MqttAuthorizer.Value).toEqual({
      Ref: accountDefault.only('AWS::IoT::Authorizer').id,
    });
  });

  it('is told as it is configured, before anything else', () => {
    const told = synthesise({ dock: custom, mqttAddress: 'tcp://10.0.0.2:1883' }).json.Outputs.MqttAddress;
    expect(told.Value).toBe('tcp://10.0.0.2:1883');
  });
});

describe('what docks are told of time and licence', () => {
  const secret = managed.only('AWS::SecretsManager::Secret');

  it('is a secret without a licence until somebody fills it in', () => {
    expect(JSON.parse(secret.Properties.SecretString)).toEqual({
      ntp_server_host: 'time.aws.com',
      ntp_server_port: 123,
      app_id: '',
      app_key: '',
      app_license: '',
    });
  });

  it('never changes, for CloudFormation would overwrite what was filled in', () => {
    expect(secret.Properties.SecretString).toBe(
      '{"ntp_server_host":"time.aws.com","ntp_server_port":123,"app_id":"","app_key":"","app_license":""}',
    );
  });

  it('outlives the stack', () => {
    expect(secret).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  });
});
