/**
 * `window.djiBridge` as three firmwares have it, with every call recorded. It runs inside the page, before
 * the page's own script.
 *
 * - `first`: answers nothing, or bare values. No `thingConnect`, `thingGetConnectState`, `apiSetToken`.
 * - `documented`: strings of JSON, as DJI's document has them. No `thingConnect`.
 * - `latest`: objects and strings of JSON. It connects only after `thingConnect`.
 */
export type Flavour = 'first' | 'documented' | 'latest';

export const FLAVOURS: readonly Flavour[] = ['first', 'documented', 'latest'];

/** How a call goes wrong. */
export type Fault = 'code' | 'false' | 'throws' | 'missing';

export interface FakeBridgeOptions {
  readonly flavour: Flavour;
  /** By method, or by `platformLoadComponent:thing`. */
  readonly faults?: Readonly<Record<string, Fault>>;
  /** What the connection comes to: `never` calls nobody back. */
  readonly connection?: 'made' | 'never' | 'refused';
  /** Whether a module that is loaded can be loaded again, before it is unloaded. */
  readonly reloads?: boolean;
  /** What an earlier visit has left in Pilot. */
  readonly kept?: { readonly host: string; readonly token: string };
}

/** What a test does with the bridge: `window.fakeBridge`. */
export interface FakeBridgeControls {
  readonly calls: readonly (readonly unknown[])[];
  /** Nothing goes wrong any more. */
  mend(): void;
  /** Makes or breaks the connection, and calls back. */
  connect(there: boolean): void;
  /** Pilot drops a module by itself. */
  drop(module: string): void;
  /** Settings as somebody changes them in Pilot's own pages. */
  setMedia(settings: Record<string, unknown>): void;
}

/** Self-contained, since its source is sent to the browser. */
export function installFakeBridge(options: FakeBridgeOptions): void {
  const page = globalThis as unknown as Record<string, unknown>;
  const { flavour, kept, connection = 'made', reloads = true } = options;
  const faults: Record<string, Fault | undefined> = { ...options.faults };
  const calls: unknown[][] = [];
  const loaded = new Set<string>(kept ? ['api', 'thing', 'media'] : []);
  let { host = '', token = '' } = kept ?? {};
  let workspace = kept ? 'kept' : '';
  let verified = false;
  let connected = Boolean(kept);
  let callback = 'pilotThingConnected';
  let owner = 1;
  let media: Record<string, unknown> = {
    autoUploadPhoto: true,
    autoUploadPhotoType: 0,
    autoUploadVideo: false,
  };

  const done = (): unknown => {
    if (flavour === 'first') return undefined;
    const answer = { code: 0, message: 'success', data: {} };
    return flavour === 'documented' ? JSON.stringify(answer) : answer;
  };
  const value = (data: unknown): unknown => {
    if (flavour === 'first') return data;
    return JSON.stringify({ code: 0, message: 'success', data });
  };
  const refused = (message: string): unknown => {
    if (flavour === 'first') return false;
    const answer = { code: 210_002, message, data: {} };
    return flavour === 'documented' ? JSON.stringify(answer) : answer;
  };
  const faulty = (fault: Fault): unknown => {
    if (fault === 'throws') throw new Error('Java exception was raised during method invocation');
    return fault === 'false' ? value(false) : refused('forced by the test');
  };

  const setConnected = (there: boolean, answer: unknown): void => {
    connected = there;
    const listener = page[callback];
    if (typeof listener === 'function') listener(answer);
  };
  const callBack = (there: boolean): void =>
    setConnected(there, flavour === 'latest' ? JSON.stringify({ code: 0, data: there }) : there);
  const connectSoon = (): void => {
    if (connection === 'made') setTimeout(() => callBack(true), 20);
    if (connection === 'refused')
      setTimeout(() => setConnected(false, '{"code":5,"message":"not authorized","data":{}}'), 20);
  };

  const load = (name: string, text: string): unknown => {
    const parameters = JSON.parse(text);
    if (loaded.has(name) && !reloads) return refused('already loaded');
    if (name === 'api') ({ host, token } = parameters);
    if (name === 'thing') {
      callback = parameters.connectCallback;
      connected = false;
      if (flavour !== 'latest') connectSoon();
    }
    if (name === 'media') {
      // The rule of DJI's document.
      if (!workspace || !loaded.has('api') || !connected) return refused('load api and thing first');
      media = { ...media, ...parameters };
    }
    loaded.add(name);
    return done();
  };

  const methods: Record<string, (...parameters: never[]) => unknown> = {
    platformVerifyLicense: (id: string, key: string, licence: string) => {
      verified = Boolean(id && key && licence);
      return value(verified);
    },
    platformIsVerified: () => value(verified),
    platformGetRemoteControllerSN: () => (verified ? value('5YSZK1400B00AB') : refused('not verified')),
    platformGetVersion: () =>
      flavour === 'latest'
        ? { code: 0, data: JSON.stringify({ modelVersion: '1.15.0', appVersion: '12.0.1.5' }) }
        : value({ modelVersion: '1.0.0', appVersion: '4.1.0.40' }),
    platformSetWorkspaceId: (id: string) => {
      workspace = id;
      return done();
    },
    platformSetInformation: () => done(),
    platformLoadComponent: load,
    platformUnloadComponent: (name: string) => {
      loaded.delete(name);
      if (name === 'thing') connected = false;
      return done();
    },
    platformIsComponentLoaded: (name: string) => value(loaded.has(name)),
    platformStopSelf: () => done(),
    apiSetToken: (renewed: string) => {
      token = renewed;
      return done();
    },
    apiGetToken: () => value(token),
    apiGetHost: () => value(host),
    thingConnect: (_username: string, _password: string, listener: string) => {
      callback = listener;
      connectSoon();
      return done();
    },
    thingGetConnectState: () => value(connected),
    mediaSetAutoUploadPhoto: (on: boolean) => {
      media['autoUploadPhoto'] = on;
      return done();
    },
    mediaGetAutoUploadPhoto: () => value(media['autoUploadPhoto']),
    mediaSetUploadPhotoType: (type: number) => {
      media['autoUploadPhotoType'] = type;
      return done();
    },
    mediaGetUploadPhotoType: () => value(media['autoUploadPhotoType']),
    mediaSetAutoUploadVideo: (on: boolean) => {
      media['autoUploadVideo'] = on;
      return done();
    },
    mediaGetAutoUploadVideo: () => value(media['autoUploadVideo']),
    mediaSetDownloadOwner: (controller: number) => {
      owner = controller;
      return done();
    },
    mediaGetDownloadOwner: () => value(owner),
  };
  const unknown: Record<Flavour, readonly string[]> = {
    first: ['thingConnect', 'thingGetConnectState', 'apiSetToken', 'apiGetToken', 'apiGetHost'],
    documented: ['thingConnect'],
    latest: [],
  };

  const bridge: Record<string, unknown> = {};
  for (const name of Object.keys(methods)) {
    if (unknown[flavour].includes(name) || faults[name] === 'missing') continue;
    bridge[name] = function call(this: unknown, ...parameters: never[]) {
      if (this !== bridge) throw new Error("Java bridge method can't be invoked on a non-injected object");
      calls.push([name, ...parameters]);
      const fault = faults[`${name}:${parameters[0]}`] ?? faults[name];
      return fault ? faulty(fault) : methods[name]?.(...parameters);
    };
  }
  page['djiBridge'] = bridge;
  page['fakeBridge'] = {
    calls,
    mend: () => {
      for (const name of Object.keys(faults)) delete faults[name];
    },
    connect: callBack,
    drop: (module) => {
      loaded.delete(module);
    },
    setMedia: (settings) => {
      media = { ...media, ...settings };
    },
  } satisfies FakeBridgeControls;
}
