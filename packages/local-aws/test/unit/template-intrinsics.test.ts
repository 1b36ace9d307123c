// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of CloudFormation and IAM look like
// those of JavaScript.
import { describe, expect, it } from 'vitest';
import { NO_VALUE, type ResolutionScope, resolve } from '../../template/intrinsics.ts';

const scope: ResolutionScope = {
  reference: (name) => {
    const known: Record<string, unknown> = {
      Bucket: 'my-bucket',
      'AWS::Region': 'eu-central-1',
      'AWS::NoValue': NO_VALUE,
    };
    if (!(name in known)) throw new Error(`There is no resource or parameter ${name}`);
    return known[name];
  },
  attribute: (logicalId, attribute) => `${logicalId}#${attribute}`,
  mapping: (map, top, second) => `${map}/${top}/${second}`,
  condition: (name) => name === 'Yes',
};

const resolved = (value: unknown) => resolve(value, scope, 'Resources.It');

describe('intrinsic functions', () => {
  it.each<[description: string, value: unknown, expected: unknown]>([
    ['Ref', { Ref: 'Bucket' }, 'my-bucket'],
    ['Fn::GetAtt as a list', { 'Fn::GetAtt': ['Table', 'Arn'] }, 'Table#Arn'],
    ['Fn::GetAtt as a text', { 'Fn::GetAtt': 'Nested.Outputs.Name' }, 'Nested#Outputs.Name'],
    ['Fn::Join of resolved parts', { 'Fn::Join': ['-', ['a', { Ref: 'Bucket' }, 3]] }, 'a-my-bucket-3'],
    ['Fn::Split', { 'Fn::Split': ['/', 'a/b/c'] }, ['a', 'b', 'c']],
    ['Fn::Select of a split', { 'Fn::Select': [1, { 'Fn::Split': ['/', 'a/b'] }] }, 'b'],
    ['Fn::Select with its index as a text', { 'Fn::Select': ['0', ['x']] }, 'x'],
    ['Fn::FindInMap', { 'Fn::FindInMap': ['M', { Ref: 'AWS::Region' }, 's'] }, 'M/eu-central-1/s'],
    ['Fn::GetAZs', { 'Fn::Select': [1, { 'Fn::GetAZs': '' }] }, 'eu-central-1b'],
    ['Fn::Base64', { 'Fn::Base64': 'ab' }, 'YWI='],
    ['Fn::If taken', { 'Fn::If': ['Yes', { Ref: 'Bucket' }, 'no'] }, 'my-bucket'],
    ['Fn::If not taken', { 'Fn::If': ['No', { Ref: 'Unknown' }, 'no'] }, 'no'],
    ['Fn::Equals', { 'Fn::Equals': [{ Ref: 'Bucket' }, 'my-bucket'] }, true],
    ['Fn::Not', { 'Fn::Not': [{ Condition: 'Yes' }] }, false],
    ['Fn::And', { 'Fn::And': [{ Condition: 'Yes' }, { 'Fn::Equals': ['a', 'b'] }] }, false],
    ['Fn::Or', { 'Fn::Or': [{ Condition: 'No' }, { Condition: 'Yes' }] }, true],
  ])('resolves %s', (_description, value, expected) => {
    expect(resolved(value)).toEqual(expected);
  });

  it('substitute references, attributes and local names, and leave literals', () => {
    const text = '${Bucket} ${Table.Arn} ${Own} ${!aws:PrincipalTag/prefix} ${AWS::Region}';
    expect(resolved({ 'Fn::Sub': [text, { Own: { Ref: 'Bucket' } }] })).toBe(
      'my-bucket Table#Arn my-bucket ${aws:PrincipalTag/prefix} eu-central-1',
    );
    expect(resolved({ 'Fn::Sub': 'arn:${AWS::Region}' })).toBe('arn:eu-central-1');
  });

  it('leave policy variables in text', () => {
    expect(resolved({ Resource: 'b/${aws:PrincipalTag/prefix}/*' })).toEqual({
      Resource: 'b/${aws:PrincipalTag/prefix}/*',
    });
  });

  it('do not treat the key Condition of a policy statement as a function', () => {
    const statement = { Condition: { Bool: { 'aws:SecureTransport': 'false' } } };
    expect(resolved({ Statement: [statement] })).toEqual({ Statement: [statement] });
  });

  it('leave out properties and elements without a value', () => {
    const noValue = { Ref: 'AWS::NoValue' };
    expect(resolved({ a: noValue, b: [1, noValue, 2], c: { 'Fn::If': ['No', 1, noValue] } })).toEqual({
      b: [1, 2],
    });
  });

  it.each<[description: string, value: unknown, message: string]>([
    [
      'an unknown intrinsic function by its name',
      { a: [{ 'Fn::Cidr': [] }] },
      'Resources.It.a[0]: the local stack does not support the intrinsic function Fn::Cidr',
    ],
    [
      'a function that stands beside other keys',
      { 'Fn::Sub': 'x', other: 1 },
      'Resources.It: Fn::Sub stands beside other keys',
    ],
    [
      'an element beyond the end of a list',
      { 'Fn::Select': [2, ['a', 'b']] },
      'Resources.It: there is no element 2 in a list of 2',
    ],
    [
      'a text where a list belongs',
      { 'Fn::Join': ['-', 'abc'] },
      'Resources.It: expected a list, found "abc"',
    ],
    [
      'an object where a text belongs',
      { 'Fn::Join': ['-', [{ a: 1 }]] },
      'Resources.It: expected a text, found {"a":1}',
    ],
    ['a reference to nothing', { Ref: 'Nowhere' }, 'There is no resource or parameter Nowhere'],
  ])('refuses %s', (_description, value, message) => {
    expect(() => resolved(value)).toThrow(message);
  });
});
