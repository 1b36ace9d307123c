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

  it('calls the function, without signed tokens', () => {
    expect(authorizer.Properties).toEqual({
      AuthorizerFunctionArn: { 'Fn::GetAtt': [managed.function('authorizer').id, 'Arn'] },
      Status: 'ACTIVE',
      SigningDisabled: true,
      EnableCachingForHttp: false,
    });
  });

  it('is the only one that may invoke it', () => {
    expect(managed.invokersOf('authorizer')).toEqual([
      {
        Action: 'lambda:InvokeFunction',
        FunctionName: { 'Fn::GetAtt': [managed.function('authorizer').id, 'Arn'] },
        Principal: 'iot.amazonaws.com',
        SourceArn: { 'Fn::GetAtt': [authorizer.id, 'Arn'] },
      },
    ]);
  });

  it('exists with every kind of address', () => {
    for (const template of [ofOnesOwn, accountDefault])
      expect(template.only('AWS::IoT::Authorizer').Properties).toEqual(authorizer.Properties);
  });

  it('is retained and the same with every kind of address: a domain that AWS made may still need it', () => {
    for (const template of [managed, ofOnesOwn, accountDefault])
      expect(template.only('AWS::IoT::Authorizer')).toMatchObject({
        id: authorizer.id,
        DeletionPolicy: 'RetainExceptOnCreate',
        UpdateReplacePolicy: 'Retain',
      });
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

  it('is made by AWS by default, with the authorizer', () => {
    expect(managed.only('AWS::IoT::DomainConfiguration').Properties).toEqual(letsDocksIn);
  });

  it('that AWS made is retained, since it cannot be deleted at once', () => {
    expect(managed.only('AWS::IoT::DomainConfiguration')).toMatchObject({
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
    });
    expect(ofOnesOwn.only('AWS::IoT::DomainConfiguration').DeletionPolicy).toBeUndefined();
  });

  it('is known only after deployment then: the output names the domain configuration', () => {
    const { MqttDomainConfiguration, MqttAddress } = managed.json.Outputs;
    expect(MqttDomainConfiguration).toEqual({
      Value: { Ref: managed.only('AWS::IoT::DomainConfiguration').id },
      Description: expect.stringContaining('aws iot describe-domain-configuration'),
    });
    expect(MqttAddress).toBeUndefined();
  });

  it('can be a custom domain', () => {
    expect(ofOnesOwn.only('AWS::IoT::DomainConfiguration').Properties).toEqual({
      ...letsDocksIn,
      DomainName: 'mqtt.example.com',
      ServerCertificateArns: [CERTIFICATE],
    });
    expect(ofOnesOwn.json.Outputs.MqttAddress.Value).toBe('ssl://mqtt.example.com:8883');
    expect(ofOnesOwn.json.Outputs.MqttDomainConfiguration).toBeUndefined();
  });

  it('can have a certificate of a private CA, with a public one for validation', () => {
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

  it('can be configured, which overrides all others', () => {
    const told = synthesise({ dock: custom, mqttAddress: 'tcp://10.0.0.2:1883' }).json.Outputs.MqttAddress;
    expect(told.Value).toBe('tcp://10.0.0.2:1883');
  });
});

describe('the dock settings', () => {
  const secret = managed.only('AWS::SecretsManager::Secret');

  it('are a secret with an empty licence', () => {
    expect(JSON.parse(secret.Properties.SecretString)).toEqual({
      ntp_server_host: 'time.aws.com',
      ntp_server_port: 123,
      app_id: '',
      app_key: '',
      app_license: '',
    });
  });

  it('have a fixed template, so CloudFormation does not overwrite a changed value', () => {
    expect(secret.Properties.SecretString).toBe(
      '{"ntp_server_host":"time.aws.com","ntp_server_port":123,"app_id":"","app_key":"","app_license":""}',
    );
  });

  it('are retained', () => {
    expect(secret).toMatchObject({
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
    });
  });
});
