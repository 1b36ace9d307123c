/**
 * Loads Pilot's modules in the order that works: workspace → api → thing → connected → media.
 *
 * One step looks at what is loaded and connected, and does what comes next. So it does not matter whether a
 * callback was lost, the connection broke, or Pilot dropped a module.
 */
import { type Bridge, isYes, understand } from './bridge.ts';
import type { Failure, FailureId } from './failure.ts';
import {
  DEFAULT_SETTINGS,
  type MediaSettings,
  mediaParameters,
  readSettings,
  sameSettings,
  writeSettings,
} from './media-settings.ts';

/** The broker and this user's credentials for it. */
export interface MqttAccess {
  readonly address: string;
  readonly username: string;
  readonly password: string;
}

/** What Pilot is to be connected to. */
export interface Target {
  readonly workspaceId: string;
  readonly workspaceName: string;
  readonly workspaceDescription: string;
  readonly platformName: string;
  /** The address of the API. */
  readonly host: string;
  readonly mqtt: MqttAccess;
}

export type ModuleName = 'api' | 'thing' | 'media';
export type ModuleState = 'waiting' | 'loading' | 'ready' | 'failed';

export interface ModulesState {
  readonly api: ModuleState;
  readonly thing: ModuleState;
  readonly media: ModuleState;
  readonly failure: Failure | undefined;
  /** As Pilot has them, once the media module is loaded. */
  readonly settings: MediaSettings | undefined;
}

export const NOTHING_LOADED: ModulesState = {
  api: 'waiting',
  thing: 'waiting',
  media: 'waiting',
  failure: undefined,
  settings: undefined,
};

/** The global function that Pilot calls when the thing module has connected or lost its connection. */
const CALLBACK = 'pilotThingConnected';

/** So long a connection may take before it counts as failed. */
const CONNECT_IN_MILLISECONDS = 20_000;
const FIRST_RETRY_IN_MILLISECONDS = 5_000;
const FIRST_RECONNECT_IN_MILLISECONDS = 30_000;
const LAST_RETRY_IN_MILLISECONDS = 60_000;

/** Ends a step: what failed in it. */
class StepFailed extends Error {
  readonly module: ModuleName;
  readonly failure: Failure;

  constructor(module: ModuleName, failure: Failure) {
    super(failure.id);
    this.module = module;
    this.failure = failure;
  }
}

export class Modules {
  private readonly bridge: Bridge;
  private readonly changed: () => void;
  private target: Target | undefined;
  private token = '';
  private settings: MediaSettings = DEFAULT_SETTINGS;
  private workspaceSet = false;
  /** Modules that have to be loaded again although they are loaded. */
  private readonly stale = new Set<ModuleName>();
  /** Modules that this page has loaded, for a firmware that cannot be asked. */
  private readonly loaded = new Set<ModuleName>();
  /** What the callback said last. */
  private calledBack: boolean | undefined;
  private callbackDetail = '';
  /** Since when the connection is missing, and when to ask for it again. */
  private missingSince: number | undefined;
  private reconnectAt = 0;
  private reconnectIn = FIRST_RECONNECT_IN_MILLISECONDS;
  /** After a failure, a step waits until then. */
  private retryAt = 0;
  private retryIn = FIRST_RETRY_IN_MILLISECONDS;
  private failed: StepFailed | undefined;

  constructor(bridge: Bridge, changed: () => void) {
    this.bridge = bridge;
    this.changed = changed;
    (window as unknown as Record<string, unknown>)[CALLBACK] = (answer: unknown) => this.onThing(answer);
  }

  /**
   * Connects to this target. With `keep`, modules that are loaded for the same API stay as they are, so that
   * an upload goes on while somebody looks at the page.
   */
  connect(target: Target, token: string, settings: MediaSettings, keep: boolean): void {
    this.target = target;
    this.token = token;
    this.settings = settings;
    this.workspaceSet = false;
    this.forgetFailures();
    if (keep && this.isLoaded('api') && this.bridge.asksText('apiGetHost') === target.host) {
      if (this.bridge.asksText('apiGetToken') !== token) this.renew(token);
      // Pilot called back when it connected, before this page was there.
      if (this.isLoaded('media')) this.calledBack ??= true;
    } else {
      for (const module of ['api', 'thing', 'media'] as const) this.stale.add(module);
      this.calledBack = undefined;
    }
  }

  /** Gives Pilot a renewed token. What depends on the api module is loaded again. */
  renew(token: string): void {
    this.token = token;
    if (!this.bridge.command('apiSetToken', token).ok) this.stale.add('api');
    this.stale.add('media');
  }

  /** Forgets that something failed, so that the next step tries it at once. */
  tryAgain(): void {
    if (this.failed?.failure.id === 'thing-not-connected') this.stale.add('thing');
    this.forgetFailures();
  }

  /** Sets what goes up by itself. Returns whether Pilot took it. */
  change(settings: MediaSettings): boolean {
    const taken = writeSettings(this.bridge, readSettings(this.bridge, this.settings), settings);
    const actual = readSettings(this.bridge, taken ? settings : this.settings);
    this.settings = actual;
    return taken && sameSettings(actual, settings);
  }

  /** Unloads everything, last first. */
  unload(): void {
    for (const module of ['media', 'thing', 'api'] as const) {
      if (this.isLoaded(module)) this.bridge.command('platformUnloadComponent', module);
      this.loaded.delete(module);
    }
    this.target = undefined;
    this.calledBack = undefined;
    this.stale.clear();
    this.forgetFailures();
  }

  /** Does what comes next, and says how things stand. */
  step(): ModulesState {
    if (!this.target) return NOTHING_LOADED;
    if (this.failed && Date.now() < this.retryAt) return this.stateAfter(this.failed);
    try {
      this.setWorkspace(this.target);
      this.loadApi(this.target);
      this.loadThing(this.target);
      const connected = this.isConnected();
      if (connected) this.loadMedia();
      this.forgetFailures();
      if (!connected) return { ...NOTHING_LOADED, api: 'ready', thing: 'loading' };
      this.settings = readSettings(this.bridge, this.settings);
      return { api: 'ready', thing: 'ready', media: 'ready', failure: undefined, settings: this.settings };
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      // A missing connection is looked for in every step; anything else is tried again later and later.
      if (error.failure.id !== 'thing-not-connected') {
        this.retryAt = Date.now() + this.retryIn;
        this.retryIn = Math.min(this.retryIn * 2, LAST_RETRY_IN_MILLISECONDS);
      }
      this.failed = error;
      return this.stateAfter(error);
    }
  }

  private stateAfter({ module, failure }: StepFailed): ModulesState {
    return {
      api: module === 'api' ? 'failed' : 'ready',
      thing: module === 'api' ? 'waiting' : module === 'thing' ? 'failed' : 'ready',
      media: module === 'media' ? 'failed' : 'waiting',
      failure,
      settings: undefined,
    };
  }

  private setWorkspace(target: Target): void {
    if (this.workspaceSet) return;
    this.must('platformSetWorkspaceId', [target.workspaceId], 'api', 'workspace-refused');
    // Names for Pilot's own pages: nothing depends on them.
    this.bridge.command(
      'platformSetInformation',
      target.platformName,
      target.workspaceName,
      target.workspaceDescription,
    );
    this.workspaceSet = true;
  }

  private loadApi(target: Target): void {
    if (!this.needs('api')) return;
    this.load('api', JSON.stringify({ host: target.host, token: this.token }), 'api-not-loaded');
    this.stale.add('media');
  }

  private loadThing({ mqtt }: Target): void {
    if (!mqtt.address) throw new StepFailed('thing', { id: 'mqtt-missing', detail: '' });
    if (!this.needs('thing')) return;
    // A module that is loaded keeps its old credentials.
    if (this.isLoaded('thing')) this.bridge.command('platformUnloadComponent', 'thing');
    this.calledBack = undefined;
    const { address: host, username, password } = mqtt;
    this.load(
      'thing',
      JSON.stringify({ host, username, password, connectCallback: CALLBACK }),
      'thing-not-loaded',
    );
    this.missingSince = Date.now();
    this.reconnectAt = Date.now() + this.reconnectIn;
    this.askToConnect(mqtt);
  }

  /** Newer firmware connects only when it is asked to. */
  private askToConnect({ username, password }: MqttAccess): void {
    if (!this.bridge.has('thingConnect')) return;
    const { ok, detail } = this.bridge.command('thingConnect', username, password, CALLBACK);
    this.callbackDetail = ok ? '' : detail;
  }

  private isConnected(): boolean {
    const now = Date.now();
    if (this.bridge.asksYes('thingGetConnectState') ?? this.calledBack ?? false) {
      this.missingSince = undefined;
      this.callbackDetail = '';
      this.reconnectIn = FIRST_RECONNECT_IN_MILLISECONDS;
      return true;
    }
    // Pilot reconnects by itself. It is asked again when that takes long.
    this.missingSince ??= now;
    if (this.reconnectAt < this.missingSince) this.reconnectAt = this.missingSince + this.reconnectIn;
    if (now >= this.reconnectAt) {
      this.reconnectIn = Math.min(this.reconnectIn * 2, 4 * LAST_RETRY_IN_MILLISECONDS);
      this.reconnectAt = now + this.reconnectIn;
      if (this.bridge.has('thingConnect') && this.target) this.askToConnect(this.target.mqtt);
      else this.loadThingAgain();
    }
    if (now - this.missingSince < CONNECT_IN_MILLISECONDS && !this.callbackDetail) return false;
    throw new StepFailed('thing', { id: 'thing-not-connected', detail: this.callbackDetail });
  }

  private loadThingAgain(): void {
    const { missingSince } = this;
    this.stale.add('thing');
    if (this.target) this.loadThing(this.target);
    this.missingSince = missingSince;
  }

  private loadMedia(): void {
    if (!this.needs('media')) return;
    this.load('media', mediaParameters(this.settings), 'media-not-loaded');
    // The owner is no parameter of the module, and some firmware ignores those that are.
    const actual = readSettings(this.bridge, {
      ...this.settings,
      downloadsHere: !this.settings.downloadsHere,
    });
    writeSettings(this.bridge, actual, this.settings);
  }

  private load(module: ModuleName, parameters: string, failure: FailureId): void {
    const first = this.bridge.command('platformLoadComponent', module, parameters);
    if (!first.ok) {
      // Some firmware loads a module again only after it was unloaded.
      if (!this.isLoaded(module)) throw new StepFailed(module, { id: failure, detail: first.detail });
      this.bridge.command('platformUnloadComponent', module);
      this.must('platformLoadComponent', [module, parameters], module, failure);
    }
    this.loaded.add(module);
    this.stale.delete(module);
  }

  private must(method: string, parameters: readonly unknown[], module: ModuleName, id: FailureId): void {
    const { ok, detail } = this.bridge.command(method, ...parameters);
    if (!ok) throw new StepFailed(module, { id, detail });
  }

  private needs(module: ModuleName): boolean {
    return this.stale.has(module) || !this.isLoaded(module);
  }

  private isLoaded(module: ModuleName): boolean {
    return this.bridge.asksYes('platformIsComponentLoaded', module) ?? this.loaded.has(module);
  }

  private onThing(answer: unknown): void {
    const { ok, data, detail } = understand(answer);
    // A callback without a word means that the connection is there.
    this.calledBack = ok && (data === undefined || isYes(data));
    this.callbackDetail = ok ? '' : detail;
    this.changed();
  }

  private forgetFailures(): void {
    this.failed = undefined;
    this.retryAt = 0;
    this.retryIn = FIRST_RETRY_IN_MILLISECONDS;
  }
}
