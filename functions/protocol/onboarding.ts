import * as v from 'valibot';
import { DEVICE_LIMIT, type TopologyDevice } from '../core/topology.ts';
import type { DockContract } from './contract.ts';
import { LenientNumber, LenientText, RequiredDeviceIdentifier, RequiredIdentifier } from './fields.ts';

/** The most devices in one question. */
const QUESTION_LIMIT = 32;

const SERIAL_NUMBER_LIMIT = 64;

/** `data` of `airport_bind_status`. */
export const BindStatusData = v.object({
  devices: v.pipe(v.array(v.object({ sn: RequiredDeviceIdentifier })), v.maxLength(QUESTION_LIMIT)),
});
export type BindStatusData = v.InferOutput<typeof BindStatusData>;

/** `data` of `airport_organization_get`. */
export const OrganizationGetData = v.object({
  device_binding_code: LenientText,
  organization_id: RequiredIdentifier,
});
export type OrganizationGetData = v.InferOutput<typeof OrganizationGetData>;

/** `data` of `airport_organization_bind`. */
export const OrganizationBindData = v.object({
  bind_devices: v.pipe(
    v.array(
      v.object({
        sn: RequiredDeviceIdentifier,
        device_model_key: LenientText,
        device_callsign: LenientText,
        organization_id: RequiredIdentifier,
        device_binding_code: LenientText,
      }),
    ),
    v.maxLength(DEVICE_LIMIT),
  ),
});
export type OrganizationBindData = v.InferOutput<typeof OrganizationBindData>;

const ModelNumbers = { domain: LenientNumber, type: LenientNumber, sub_type: LenientNumber };

const SubDevice = v.object({
  sn: v.pipe(
    RequiredDeviceIdentifier,
    v.maxLength(SERIAL_NUMBER_LIMIT, `at most ${SERIAL_NUMBER_LIMIT} characters`),
  ),
  ...ModelNumbers,
});

/** `data` of `update_topo`. Missing or empty `sub_devices` mean that the drone went offline. */
export const UpdateTopoData = v.object({
  ...ModelNumbers,
  sub_devices: v.nullish(v.pipe(v.array(SubDevice), v.maxLength(DEVICE_LIMIT)), []),
});
export type UpdateTopoData = v.InferOutput<typeof UpdateTopoData>;

interface ModelInput {
  readonly domain?: number | undefined;
  readonly type?: number | undefined;
  readonly sub_type?: number | undefined;
}

/** DJI's `domain-type-sub_type`; undefined when one of the three is missing. */
export const modelKeyOf = ({ domain, type, sub_type }: ModelInput): string | undefined =>
  domain === undefined || type === undefined || sub_type === undefined
    ? undefined
    : `${domain}-${type}-${sub_type}`;

const toTopologyDevice = (device: v.InferOutput<typeof SubDevice>): TopologyDevice => {
  const modelKey = modelKeyOf(device);
  return { sn: device.sn, ...(modelKey && { modelKey }) };
};

/** The devices in `update_topo`, each once. */
export const topologyDevicesOf = ({ sub_devices: devices }: UpdateTopoData): TopologyDevice[] => [
  ...new Map(devices.map((device) => [device.sn, toTopologyDevice(device)])).values(),
];

/** `airport_bind_status`. */
export const AIRPORT_BIND_STATUS = {
  name: 'airport-bind-status',
  method: 'airport_bind_status',
  channel: 'requests',
  input: BindStatusData,
  output: v.object({
    bind_status: v.array(
      v.object({
        sn: v.string(),
        is_device_bind_organization: v.boolean(),
        organization_id: v.string(),
        organization_name: v.string(),
        device_callsign: v.string(),
      }),
    ),
  }),
} as const satisfies DockContract;

/** `airport_organization_get`. */
export const AIRPORT_ORGANIZATION_GET = {
  name: 'airport-organization-get',
  method: 'airport_organization_get',
  channel: 'requests',
  input: OrganizationGetData,
  output: v.object({ organization_name: v.string() }),
} as const satisfies DockContract;

/** `airport_organization_bind`. An `err_code` of 0 means that the device is bound. */
export const AIRPORT_ORGANIZATION_BIND = {
  name: 'airport-organization-bind',
  method: 'airport_organization_bind',
  channel: 'requests',
  input: OrganizationBindData,
  output: v.object({ err_infos: v.array(v.object({ sn: v.string(), err_code: v.number() })) }),
} as const satisfies DockContract;

/** `update_topo`. */
export const UPDATE_TOPO = {
  name: 'update-topo',
  method: 'update_topo',
  channel: 'status',
  // The last will of some devices says that their drone is offline.
  takesUnanswerable: true,
  input: UpdateTopoData,
} as const satisfies DockContract;
