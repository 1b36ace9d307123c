/** Model keys of DJI's Cloud API: `domain-type-sub_type`. */
export interface ModelKeys {
  readonly droneModelKey?: string;
  readonly payloadModelKey?: string;
}

/** By the model that the camera writes into its files. Drones that are not listed have no key. */
const KEYS_BY_MODEL: Readonly<Record<string, ModelKeys>> = {
  M30: { droneModelKey: '0-67-0', payloadModelKey: '1-52-0' },
  M30T: { droneModelKey: '0-67-1', payloadModelKey: '1-53-0' },
  M3E: { droneModelKey: '0-77-0', payloadModelKey: '1-66-0' },
  M3T: { droneModelKey: '0-77-1', payloadModelKey: '1-67-0' },
  M3M: { droneModelKey: '0-77-2', payloadModelKey: '1-68-0' },
  M3D: { droneModelKey: '0-91-0', payloadModelKey: '1-80-0' },
  M3TD: { droneModelKey: '0-91-1', payloadModelKey: '1-81-0' },
  M4E: { droneModelKey: '0-99-0', payloadModelKey: '1-88-0' },
  M4T: { droneModelKey: '0-99-1', payloadModelKey: '1-89-0' },
  M4D: { droneModelKey: '0-100-0', payloadModelKey: '1-98-0' },
  M4TD: { droneModelKey: '0-100-1', payloadModelKey: '1-99-0' },
  M300RTK: { droneModelKey: '0-60-0' },
  M350RTK: { droneModelKey: '0-89-0' },
  // Interchangeable cameras: they do not say which drone carried them.
  ZH20: { payloadModelKey: '1-42-0' },
  ZH20T: { payloadModelKey: '1-43-0' },
  ZH20N: { payloadModelKey: '1-61-0' },
};

const keysOf = (model: string | undefined): ModelKeys =>
  (model &&
    KEYS_BY_MODEL[
      model
        .toUpperCase()
        .replace('MATRICE ', 'M')
        .replaceAll(/[\s_-]/g, '')
    ]) ||
  {};

/** Model keys of drone and camera. A built-in camera writes the drone's model as its own. */
export function modelKeys(droneModel: string | undefined, cameraModel: string | undefined): ModelKeys {
  return { ...keysOf(droneModel), ...keysOf(cameraModel) };
}
