import { describe, expect, it } from 'vitest';
import { synthesise } from './synthesise.ts';

const complete = synthesise();
const template = synthesise({ dock: { mode: 'media-only' } });

describe('a library beside another cloud', () => {
  it('replies only to the methods of media upload', () => {
    const methods = template
      .ofType('AWS::IoT::TopicRule')
      .map(({ Properties }) => Properties.TopicRulePayload.Sql.replace(/^.* FROM /, ''));
    expect(methods.toSorted()).toEqual([
      "'thing/product/+/events' WHERE isUndefined(method)",
      "'thing/product/+/events' WHERE method = 'file_upload_callback'",
      "'thing/product/+/events' WHERE method = 'highest_priority_upload_flighttask_media'",
      "'thing/product/+/requests' WHERE method = 'storage_config_get'",
      "'thing/product/+/services_reply' WHERE method = 'upload_flighttask_media_prioritize'",
    ]);
  });

  it('lacks only the functions of other methods', () => {
    expect(
      complete.functionNames.filter((name) => !template.functionNames.includes(name)).toSorted(),
    ).toEqual([
      'airport-bind-status',
      'airport-organization-bind',
      'airport-organization-get',
      'config',
      'flight-areas-get',
      'offline-map-get',
      'other-events',
      'unnamed-message',
      'update-topo',
    ]);
  });

  it('has no settings of docks, and no alarm about them', () => {
    expect(template.ofType('AWS::SecretsManager::Secret')).toEqual([]);
    const ids = template.ofType('AWS::CloudWatch::Alarm').map(({ id }) => id);
    expect(ids.filter((id) => id.startsWith('AlarmsDockSettingsMissing'))).toEqual([]);
    expect(ids.filter((id) => id.startsWith('AlarmsRefusedDevices'))).toHaveLength(1);
  });
});
