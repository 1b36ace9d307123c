import type { InterpretedTemplate } from '../interpreter.ts';
import { arnOf, generatedName, type ResourceType, type ResourceTypes, stableId } from '../resource.ts';

const SERVICE = 'AWS::ECS::Service';

/** An id such as `vpc-0f3a…`. */
const withPrefix = (prefix: string): ResourceType => ({
  physicalId: (resource) => `${prefix}-${stableId(resource, 17)}`,
  properties: 'any',
});

const balancing = (kind: string): ResourceType => ({
  physicalId: (resource) => arnOf(resource, 'elasticloadbalancing', `${kind}/${generatedName(resource)}`),
  properties: 'any',
});

/** Networks, containers and load balancers, which have no effect here: no container runs. */
export const CONTAINER_TYPES: ResourceTypes = {
  'AWS::EC2::VPC': withPrefix('vpc'),
  'AWS::EC2::Subnet': withPrefix('subnet'),
  'AWS::EC2::RouteTable': withPrefix('rtb'),
  'AWS::EC2::Route': withPrefix('r'),
  'AWS::EC2::SubnetRouteTableAssociation': withPrefix('rtbassoc'),
  'AWS::EC2::InternetGateway': withPrefix('igw'),
  'AWS::EC2::VPCGatewayAttachment': withPrefix('attachment'),
  'AWS::EC2::SecurityGroup': {
    ...withPrefix('sg'),
    attributes: { GroupId: (group) => group.physicalId },
  },
  'AWS::EC2::SecurityGroupIngress': withPrefix('sgr'),
  'AWS::EC2::SecurityGroupEgress': withPrefix('sgr'),
  'AWS::ECS::Cluster': { physicalId: generatedName, properties: 'any' },
  'AWS::ECS::TaskDefinition': {
    physicalId: (task) => arnOf(task, 'ecs', `task-definition/${generatedName(task)}:1`),
    properties: 'any',
  },
  [SERVICE]: {
    physicalId: (service) => arnOf(service, 'ecs', `service/${generatedName(service)}`),
    attributes: { Name: generatedName },
    properties: 'any',
  },
  'AWS::ElasticLoadBalancingV2::LoadBalancer': {
    ...balancing('loadbalancer'),
    attributes: {
      DNSName: (balancer) =>
        `${stableId(balancer, 16)}.elb.${balancer.environment.region}.${balancer.environment.urlSuffix}`,
    },
  },
  'AWS::ElasticLoadBalancingV2::Listener': balancing('listener'),
  'AWS::ElasticLoadBalancingV2::TargetGroup': balancing('targetgroup'),
};

/** The logical ids of services whose containers do not run. */
export const idleServices = (template: InterpretedTemplate): string[] =>
  template.ofType(SERVICE).map(({ logicalId }) => logicalId);
