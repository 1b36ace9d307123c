import { describe, expect, it } from 'vitest';
import { MANIFEST } from '../../functions/manifest.ts';
import { DEFAULT_EVENT_SOURCE } from '../../functions/protocol/library-events.ts';
import { synthesise, withApp } from './synthesise.ts';

const staging = synthesise({ stackName: 'Staging' });

describe('the configured name of the stack', () => {
  it('is that of the stack in CloudFormation', () => {
    expect(withApp({ stackName: 'Staging' }, (_app, stack) => stack.stackName)).toBe('Staging');
    expect(withApp({}, (_app, stack) => stack.stackName)).toBe('MediaLibrary');
  });

  it('is that of the API', () => {
    expect(staging.only('AWS::ApiGatewayV2::Api').Properties.Name).toBe('Staging');
  });

  it('is in the log lines and metrics of its functions', () => {
    for (const { name } of MANIFEST)
      expect(staging.function(name).Properties.Environment.Variables.POWERTOOLS_SERVICE_NAME).toBe('Staging');
  });

  it('is the source of its events', () => {
    const sources = staging
      .ofType('AWS::Lambda::Function')
      .flatMap(({ Properties }) => Properties.Environment.Variables.EVENT_SOURCE ?? []);
    expect(new Set(sources)).toEqual(new Set(['Staging']));
    expect(withApp({}, (_app, stack) => stack.stackName)).toBe(DEFAULT_EVENT_SOURCE);
  });

  it('keeps the alarms of one stack from firing for another', () => {
    const ours = staging
      .ofType('AWS::CloudWatch::Alarm')
      .filter(({ Properties }) => Properties.Namespace === 'MediaLibrary');
    expect(ours.length).toBeGreaterThan(0);
    for (const { Properties } of ours)
      expect(Properties.Dimensions).toEqual([{ Name: 'service', Value: 'Staging' }]);
  });
});
