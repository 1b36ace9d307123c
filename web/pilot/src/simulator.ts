/**
 * A controller for trying the page in any browser: it holds to Pilot's rules on what has to be loaded before
 * what, and says nothing to any broker. It uploads nothing by itself.
 */
import type { DjiBridge } from './bridge.ts';

/** What a person at the simulated controller can do. */
export interface SimulatedController {
  readonly bridge: DjiBridge;
  readonly serialNumber: string;
  /** Breaks the connection of the thing module, or lets it come back. */
  setNetwork(there: boolean): void;
  pressBack(): void;
}

const CONNECTS_AFTER_IN_MILLISECONDS = 800;
const NOT_VERIFIED = 210_101;
const NOT_LOADED = 210_102;
const BAD_PARAMETER = 210_103;

const answer = (data: unknown = {}): string => JSON.stringify({ code: 0, message: 'success', data });
const refusal = (code: number, message: string): string => JSON.stringify({ code, message, data: {} });

/** A serial number of DJI's length that no controller has. */
const newSerialNumber = (): string =>
  `SIM${Array.from({ length: 11 }, () => Math.floor(Math.random() * 36).toString(36)).join('')}`.toUpperCase();

interface Media {
  autoUploadPhoto: boolean;
  autoUploadPhotoType: number;
  autoUploadVideo: boolean;
}

export function simulateController(serialNumber = newSerialNumber()): SimulatedController {
  const loaded = new Set<string>();
  let verified = false;
  let workspaceId = '';
  let token = '';
  let host = '';
  let callback = '';
  let network = true;
  let connected = false;
  let owner = 0;
  let media: Media = { autoUploadPhoto: false, autoUploadPhotoType: 0, autoUploadVideo: false };

  const setConnected = (now: boolean): void => {
    if (connected === now) return;
    connected = now;
    const listener = (window as unknown as Record<string, unknown>)[callback];
    if (typeof listener === 'function') listener(answer(now));
  };
  const connectSoon = (): void => {
    window.setTimeout(() => setConnected(network && loaded.has('thing')), CONNECTS_AFTER_IN_MILLISECONDS);
  };

  const loaders: Record<string, (parameters: Record<string, string>) => string> = {
    api: (parameters) => {
      host = String(parameters['host'] ?? '');
      token = String(parameters['token'] ?? '');
      return host && token ? answer() : refusal(BAD_PARAMETER, 'host and token are required');
    },
    thing: (parameters) => {
      callback = String(parameters['connectCallback'] ?? '');
      return /^(tcp|ssl|ws|wss|mqtt|mqtts):\/\//.test(String(parameters['host']))
        ? answer()
        : refusal(BAD_PARAMETER, 'host is no MQTT address');
    },
    media: (parameters) => {
      if (!workspaceId) return refusal(NOT_LOADED, 'no workspace');
      if (!loaded.has('api') || !connected) return refusal(NOT_LOADED, 'api and thing come first');
      media = { ...media, ...parameters };
      return answer();
    },
  };

  const load = (name: string, parameters: string): string => {
    const loader = loaders[name];
    if (!loader) return refusal(BAD_PARAMETER, `no module ${name}`);
    const result = loader(JSON.parse(parameters));
    if (JSON.parse(result).code === 0) loaded.add(name);
    return result;
  };

  /** Nothing but the licence and the version answers before the licence is verified. */
  const afterLicence =
    <Parameters extends unknown[]>(method: (...parameters: Parameters) => string) =>
    (...parameters: Parameters): string =>
      verified ? method(...parameters) : refusal(NOT_VERIFIED, 'licence not verified');

  const bridge: DjiBridge = {
    platformVerifyLicense: (id: string, key: string, licence: string) => {
      verified = Boolean(id && key && licence);
      return answer(verified);
    },
    platformIsVerified: () => answer(verified),
    platformGetVersion: () => answer({ modelVersion: '1.0.0', appVersion: 'simulated' }),
    platformGetRemoteControllerSN: () => answer(serialNumber),
    platformGetAircraftSN: () => refusal(NOT_LOADED, 'device not connect'),
    platformSetWorkspaceId: afterLicence((id: string) => {
      workspaceId = id;
      return answer();
    }),
    platformSetInformation: afterLicence(() => answer()),
    platformLoadComponent: afterLicence(load),
    platformUnloadComponent: afterLicence((name: string) => {
      loaded.delete(name);
      if (name === 'thing') setConnected(false);
      return answer();
    }),
    platformIsComponentLoaded: (name: string) => answer(loaded.has(name)),
    platformStopSelf: () => answer(),
    apiSetToken: afterLicence((renewed: string) => {
      token = renewed;
      return answer();
    }),
    apiGetToken: () => answer(token),
    apiGetHost: () => answer(host),
    thingConnect: afterLicence((_name: string, _password: string, listener: string) => {
      callback = listener;
      connectSoon();
      return answer();
    }),
    thingGetConnectState: () => answer(connected),
    mediaSetAutoUploadPhoto: (on: boolean) => {
      media.autoUploadPhoto = on;
      return answer();
    },
    mediaGetAutoUploadPhoto: () => answer(media.autoUploadPhoto),
    mediaSetUploadPhotoType: (type: number) => {
      media.autoUploadPhotoType = type;
      return answer();
    },
    mediaGetUploadPhotoType: () => answer(media.autoUploadPhotoType),
    mediaSetAutoUploadVideo: (on: boolean) => {
      media.autoUploadVideo = on;
      return answer();
    },
    mediaGetAutoUploadVideo: () => answer(media.autoUploadVideo),
    mediaSetDownloadOwner: (controller: number) => {
      owner = controller;
      return answer();
    },
    mediaGetDownloadOwner: () => answer(owner),
  };

  return {
    bridge,
    serialNumber,
    setNetwork: (there) => {
      network = there;
      if (there) connectSoon();
      else setConnected(false);
    },
    pressBack: () => {
      const { onBackClick } = bridge;
      if (typeof onBackClick === 'function') onBackClick();
    },
  };
}
