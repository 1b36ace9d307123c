import { describe, expect, it } from 'vitest';
import { type Json, synthesise, type Template } from './synthesise.ts';

const certificateArn = 'arn:aws:acm:eu-central-1:123456789012:certificate/6f1d';
const managed = synthesise({ alarmEmail: 'ops@example.com', auditTrail: { events: 'writes' } });
const custom = synthesise({
  apiDomain: { domainName: 'api.example.com', certificateArn },
  dock: { endpoint: 'custom-domain', domainName: 'mqtt.example.com', certificateArn },
  bridge: {
    domainName: 'bridge.example.com',
    certificateArn,
    iotEndpoint: 'a1b2c3d4e5-ats.iot.eu-central-1.amazonaws.com',
  },
});

/** Logical ids that a value refers to. */
const referencesIn = (value: Json): string[] => {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (typeof value !== 'object' || value === null) return [];
  if (typeof value.Ref === 'string') return [value.Ref];
  if (Array.isArray(value['Fn::GetAtt'])) return [value['Fn::GetAtt'][0]];
  return Object.values(value).flatMap(referencesIn);
};

/** The resources that CloudFormation creates before this one. */
const createdBefore = (template: Template, id: string, found = new Set<string>()): Set<string> => {
  const resource = template.json.Resources[id];
  for (const other of [...referencesIn(resource?.Properties ?? {}), ...(resource?.DependsOn ?? [])])
    if (!found.has(other) && template.json.Resources[other]) {
      found.add(other);
      createdBefore(template, other, found);
    }
  return found;
};

describe('a first deployment', () => {
  it.each([
    ['that AWS makes', managed],
    ['with a custom domain', custom],
  ])('creates the address of docks %s after everything else', (_title, template) => {
    const address = template.only('AWS::IoT::DomainConfiguration').id;
    const others = template.resources.map(({ id }) => id).filter((id) => id !== address);
    expect([...createdBefore(template, address)].sort()).toEqual(others.sort());
  });

  it('that fails leaves only what its rollback cannot delete: the address, and what is protected', () => {
    const left = managed.resources.filter(({ DeletionPolicy }) => DeletionPolicy === 'Retain');
    expect(left.map(({ Type }) => Type).sort()).toEqual([
      'AWS::Cognito::UserPool',
      'AWS::DynamoDB::GlobalTable',
      'AWS::IoT::DomainConfiguration',
    ]);
    for (const { Type, Properties } of left)
      if (Type !== 'AWS::IoT::DomainConfiguration')
        expect(JSON.stringify(Properties)).toMatch(/"DeletionProtection(?:Enabled)?":(?:"ACTIVE"|true)/);
  });

  it('leaves nothing with a name that the next one needs', () => {
    const retained = managed.resources.filter(({ DeletionPolicy }) => DeletionPolicy?.startsWith('Retain'));
    expect(retained).toHaveLength(7);
    for (const { Properties } of retained)
      expect(Object.keys(Properties)).not.toContainEqual(
        expect.stringMatching(/^(?:Bucket|Table|UserPool|Authorizer|DomainConfiguration|)Name$/),
      );
  });

  it('needs no place in the log policy of the account, which is full where there are many APIs', () => {
    const { DestinationArn } = managed.only('AWS::ApiGatewayV2::Stage').Properties.AccessLogSettings;
    expect(managed.target(DestinationArn)).toMatchObject({
      Properties: { LogGroupName: '/aws/vendedlogs/apigateway/MediaLibrary' },
      DeletionPolicy: 'Delete',
    });
  });
});
