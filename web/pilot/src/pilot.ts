/**
 * The way from an opened page to photos that go up by themselves: configuration, licence, sign-in, workspace,
 * modules; then watching all of it until somebody leaves.
 */
import * as v from 'valibot';
import { PilotConfig } from '../../common/pilot-config.ts';
import { Api, ApiError, type SessionAnswer, type UserAnswer, type WorkspaceAnswer } from '../api.ts';
import { Bridge, type DjiBridge } from './bridge.ts';
import type { Failure, FailureId } from './failure.ts';
import { DEFAULT_SETTINGS, type MediaSettings } from './media-settings.ts';
import { controllerMemory, sessionMemory } from './memory.ts';
import { Modules, type MqttAccess } from './modules.ts';
import { FIRST_STATE, type PilotState, type SignInProblem, type Told } from './state.ts';
import { renewalInSeconds } from './token.ts';

const STEP_IN_MILLISECONDS = 1_000;
const POLL_IN_MILLISECONDS = 10_000;
/** Where the server tells neither uploads nor a diagnosis. */
const IDLE_POLL_IN_MILLISECONDS = 30_000;
const RETRY_IN_MILLISECONDS = 5_000;
/** Object storage refuses requests of a clock that is further off. */
const TOLERATED_SKEW_IN_SECONDS = 15 * 60;
const SHOWN_UPLOADS = 6;

interface Session {
  readonly username: string;
  /** Empty when the token itself is what renews it. */
  readonly refreshToken: string;
  readonly mqtt: MqttAccess;
}

const mqttOf = (answer: SessionAnswer | UserAnswer): MqttAccess => ({
  address: answer.mqtt_addr,
  username: answer.mqtt_username,
  password: answer.mqtt_password,
});

/** Ends the way to the modules. */
class Stopped extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.id);
    this.failure = failure;
  }
}

const stop = (id: FailureId, detail = ''): Stopped => new Stopped({ id, detail });

export class Pilot {
  private readonly language: string;
  private readonly show: (state: PilotState) => void;
  state: PilotState = FIRST_STATE;
  private bridge: Bridge | undefined;
  private modules: Modules | undefined;
  private api: Api | undefined;
  private session: Session | undefined;
  /** Counts the ways begun: an answer that belongs to an earlier one is dropped. */
  private way = 0;
  private timer: number | undefined;
  private retryAt: number | undefined;
  /** Not known for a token of an earlier visit, until the server has told the time. */
  private renewAt: number | undefined;
  private renewing = false;
  private pollAt = 0;
  private polling = false;

  constructor(language: string, show: (state: PilotState) => void) {
    this.language = language;
    this.show = show;
  }

  /** Nobody injected a bridge: this is no controller. */
  outside(): void {
    this.set({ phase: 'outside' });
  }

  begin(djiBridge: DjiBridge): void {
    const bridge = new Bridge(djiBridge);
    bridge.listen('onBackClick', () => this.back());
    bridge.listen('onStopPlatform', () => this.stopped());
    this.bridge = bridge;
    this.modules = new Modules(bridge, () => this.step());
    this.set({ phase: 'starting' });
    window.addEventListener('offline', () => {
      if (this.session) this.set({ failure: { id: 'server-unreachable', detail: '' } });
    });
    window.addEventListener('online', () => {
      this.pollAt = 0;
      if (this.retryAt !== undefined) this.retryAt = 0;
    });
    window.addEventListener('error', ({ message }) => this.failed(message));
    window.addEventListener('unhandledrejection', ({ reason }) => this.failed(String(reason)));
    this.timer = window.setInterval(() => this.tick(), STEP_IN_MILLISECONDS);
    this.prepare();
  }

  async signIn(username: string, password: string): Promise<void> {
    const { api } = this;
    if (!api || this.state.signingIn) return;
    this.set({ signingIn: true, signInProblem: undefined });
    api.token = '';
    sessionMemory.write('refresh-token', undefined);
    try {
      const answer = await api.login(username, password);
      this.remember(answer);
      await this.enter(false);
    } catch (error) {
      this.set({ signInProblem: problemOf(error) });
    }
    this.set({ signingIn: false });
  }

  /** Unloads the modules and forgets the session. */
  signOut(): void {
    this.modules?.unload();
    this.endSession(undefined);
  }

  /** Closes the cloud service: Pilot then closes the web view. */
  leave(): void {
    this.signOut();
    this.bridge?.command('platformStopSelf');
    this.stopped();
  }

  tryAgain(): void {
    this.retryAt = undefined;
    this.pollAt = 0;
    this.modules?.tryAgain();
    if (this.session) this.reenter();
    else this.prepare();
  }

  change(settings: MediaSettings): void {
    controllerMemory.write('settings', settings);
    this.set({ settingRefused: !this.modules?.change(settings) });
    this.step();
  }

  chooseWorkspace(id: string): void {
    controllerMemory.write('workspace', id);
    this.set({ view: 'home', uploads: 'unknown', diagnosis: 'unknown', workspace: undefined });
    this.reenter(false);
  }

  open(view: PilotState['view']): void {
    // Whoever asks what is wrong wants to know how it is now.
    if (view === 'trouble') this.pollAt = 0;
    this.set({ view });
  }

  /** The back key of the web view. True: handled. False: Pilot closes the page. */
  back(): boolean {
    if (this.state.view === 'home') return false;
    this.set({ view: 'home' });
    return true;
  }

  private set(change: Partial<PilotState>): void {
    this.state = { ...this.state, ...change };
    this.show(this.state);
  }

  /** A fault of the page itself, or of an engine that lacks something. */
  private failed(message: string): void {
    if (!this.state.failure) this.set({ failure: { id: 'page-broken', detail: message } });
  }

  /** From the configuration to a session: what has to be there before anybody can sign in. */
  private async prepare(): Promise<void> {
    const way = ++this.way;
    try {
      const config = await this.readConfig();
      if (way !== this.way) return;
      this.verifyLicence(config);
      // Before that, Pilot need not answer.
      const { serialNumber = '', appVersion = '' } = this.bridge ?? {};
      this.set({ serialNumber, appVersion, failure: undefined });
      const { api_address: address = window.location.origin } = config;
      this.api ??= new Api(address, { serialNumber, appVersion });
      await this.resume();
    } catch (error) {
      this.stopAt(error);
    }
  }

  private async readConfig(): Promise<PilotConfig> {
    const unreachable = (error: unknown): never => {
      throw stop('server-unreachable', String(error));
    };
    const response = await fetch(`${BASE}config.json`, { cache: 'no-store' }).catch(unreachable);
    const { ok, status } = response;
    if (!ok) throw stop(status < 500 ? 'config-invalid' : 'server-broken', `config.json: HTTP ${status}`);
    const text = await response.text().catch(unreachable);
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      throw stop('config-invalid', 'config.json: no JSON');
    }
    const config = v.safeParse(PilotConfig, json);
    if (!config.success) throw stop('config-invalid', `config.json: ${v.getDotPath(config.issues[0]) ?? ''}`);
    this.set({ title: config.output.title });
    return config.output;
  }

  private verifyLicence({ licence }: PilotConfig): void {
    if (!licence) throw stop('licence-missing');
    const { app_id, app_key, app_license } = licence;
    const verified = this.bridge?.command('platformVerifyLicense', app_id, app_key, app_license);
    const holds = this.bridge?.asksYes('platformIsVerified') ?? verified?.ok;
    if (!holds) throw stop('licence-refused', verified?.detail);
  }

  /** Goes on with the session of this web view, or with the token that Pilot has kept from an earlier one. */
  private async resume(): Promise<void> {
    const { api, bridge } = this;
    if (!api || !bridge) return;
    api.token = sessionMemory.read<string>('token') ?? this.keptToken(api.address);
    if (!api.token) return this.set({ phase: 'signed-out' });
    const refreshToken = sessionMemory.read<string>('refresh-token') ?? '';
    this.session = { username: '', refreshToken, mqtt: { address: '', username: '', password: '' } };
    this.renewAt = undefined;
    try {
      await this.enter(true).catch(async (error) => {
        if (!isUnauthorized(error)) throw error;
        this.remember(await api.refresh(refreshToken));
        await this.enter(true);
      });
    } catch (error) {
      if (isTransient(error)) throw error;
      this.endSession(problemOf(error));
    }
  }

  /** Pilot keeps the token of its api module when the page is closed. */
  private keptToken(host: string): string {
    const { bridge } = this;
    const loaded =
      bridge?.asksYes('platformIsComponentLoaded', 'api') && bridge.asksText('apiGetHost') === host;
    return loaded ? (bridge?.asksText('apiGetToken') ?? '') : '';
  }

  private remember(answer: SessionAnswer): void {
    // A renewal may leave out what has not changed.
    const refreshToken = answer.refresh_token || (sessionMemory.read<string>('refresh-token') ?? '');
    const mqtt = mqttOf(answer);
    this.session = {
      username: answer.username,
      refreshToken,
      mqtt: mqtt.password || !this.session ? mqtt : { ...this.session.mqtt, address: mqtt.address },
    };
    sessionMemory.write('token', answer.access_token);
    sessionMemory.write('refresh-token', refreshToken || undefined);
    if (!this.api) return;
    // A server that gives the same token back renews none: this one is used until it ends.
    const renewed = answer.access_token !== this.api.token;
    this.renewAt = renewed
      ? Date.now() + renewalInSeconds(answer.access_token) * 1000
      : Number.POSITIVE_INFINITY;
    this.api.token = answer.access_token;
  }

  /** From a session to the modules. */
  private async enter(keep: boolean): Promise<void> {
    const way = ++this.way;
    const { api, modules, session } = this;
    if (!api || !modules || !session) return;
    const who = await this.askWho(api).catch((error) => {
      if (way === this.way) throw error;
    });
    if (!who || way !== this.way || !this.session) return;
    const { user, workspace } = who;
    const known = mqttOf(user);
    const mqtt = known.password ? known : session.mqtt.password ? session.mqtt : known;
    this.session = { ...this.session, username: user.username, mqtt };
    const serverTimeInSeconds = Date.now() / 1000 - (api.clockSkewInSeconds ?? 0);
    this.renewAt ??= Date.now() + renewalInSeconds(api.token, serverTimeInSeconds) * 1000;
    const workspaces = user.workspaces.map(({ workspace_id: id, workspace_name: name }) => ({ id, name }));
    this.set({
      phase: 'signed-in',
      failure: undefined,
      username: user.username,
      workspace: { id: workspace.workspace_id, name: workspace.workspace_name },
      workspaces,
    });
    const settings = controllerMemory.read<MediaSettings>('settings') ?? DEFAULT_SETTINGS;
    const target = {
      workspaceId: workspace.workspace_id,
      workspaceName: workspace.workspace_name,
      workspaceDescription: workspace.workspace_desc,
      platformName: this.state.title,
      host: api.address,
      mqtt,
    };
    modules.connect(target, api.token, { ...DEFAULT_SETTINGS, ...settings }, keep);
    this.pollAt = 0;
    this.retryAt = undefined;
    this.step();
    this.poll();
  }

  /** The user, and the workspace chosen on this controller, or the user's first. */
  private async askWho(api: Api): Promise<{ user: UserAnswer; workspace: WorkspaceAnswer }> {
    const chosen = controllerMemory.read<string>('workspace');
    const home = await api.user();
    const other = home.workspaces.some((one) => one.workspace_id === chosen && chosen !== home.workspace_id);
    const user = other ? await api.user(chosen) : home;
    return { user, workspace: await api.workspace(user.workspace_id) };
  }

  private reenter(keep = true): void {
    this.enter(keep).catch((error) => this.stopAt(error));
  }

  /** Shows what stopped the way, and tries again by itself where that can help. */
  private stopAt(error: unknown): void {
    const unauthorized = isUnauthorized(error);
    if (unauthorized) this.renewAt = 0;
    else this.set({ failure: failureOf(error) });
    if (unauthorized || isTransient(error)) this.retryAt = Date.now() + RETRY_IN_MILLISECONDS;
  }

  private endSession(problem: SignInProblem | undefined): void {
    this.way += 1;
    this.session = undefined;
    this.retryAt = undefined;
    if (this.api) this.api.token = '';
    sessionMemory.write('token', undefined);
    sessionMemory.write('refresh-token', undefined);
    this.set({
      ...FIRST_STATE,
      phase: 'signed-out',
      title: this.state.title,
      serialNumber: this.state.serialNumber,
      appVersion: this.state.appVersion,
      signInProblem: problem,
    });
  }

  /** Pilot closes the cloud service, or has done so. */
  private stopped(): void {
    this.endSession(undefined);
    window.clearInterval(this.timer);
    this.set({ phase: 'stopped' });
  }

  private tick(): void {
    const now = Date.now();
    if (this.retryAt !== undefined && now >= this.retryAt) {
      this.retryAt = undefined;
      if (this.session) this.reenter();
      else this.prepare();
    }
    if (!this.session) return;
    if (this.renewAt !== undefined && now >= this.renewAt) this.renew();
    if (now >= this.pollAt && !document.hidden) this.poll();
    this.step();
  }

  private step(): void {
    if (!this.session || !this.modules || this.state.phase !== 'signed-in') return;
    const modules = this.modules.step();
    if (JSON.stringify(modules) !== JSON.stringify(this.state.modules)) this.set({ modules });
  }

  private async renew(): Promise<void> {
    const { api, session } = this;
    if (!api || !session || this.renewing) return;
    // Not after somebody has signed out meanwhile. A new workspace does not matter.
    const stillSignedIn = (): boolean => this.session?.username === session.username;
    const { token } = api;
    this.renewing = true;
    try {
      const answer = await api.refresh(session.refreshToken);
      if (stillSignedIn()) {
        this.remember(answer);
        if (answer.access_token !== token) this.modules?.renew(answer.access_token);
        this.step();
      }
    } catch (error) {
      this.renewAt = Date.now() + RETRY_IN_MILLISECONDS;
      if (stillSignedIn() && !isTransient(error)) this.endSession({ id: 'ended' });
    }
    this.renewing = false;
  }

  /** Asks for the last uploads and the diagnosis. */
  private async poll(): Promise<void> {
    const { api, way } = this;
    const { workspace, username } = this.state;
    if (!api || !workspace || this.polling) return;
    this.polling = true;
    try {
      const [uploads, diagnosis] = await Promise.all([
        told(api.uploads(workspace.id, username, SHOWN_UPLOADS)),
        told(api.diagnosis(workspace.id, this.language)),
      ]);
      const absent = uploads === 'absent' && diagnosis === 'absent';
      const interval = absent ? IDLE_POLL_IN_MILLISECONDS : POLL_IN_MILLISECONDS;
      this.pollAt = way === this.way ? Date.now() + interval : 0;
      if (way === this.way)
        this.set({
          uploads: typeof uploads === 'string' ? uploads : uploads.files,
          diagnosis,
          failure: this.clockFailure(api.clockSkewInSeconds),
          clockSkewInSeconds: api.clockSkewInSeconds ?? 0,
        });
    } catch (error) {
      this.pollAt = Date.now() + RETRY_IN_MILLISECONDS;
      if (way === this.way) this.pollFailed(error);
    }
    this.polling = false;
  }

  private pollFailed(error: unknown): void {
    if (!(error instanceof ApiError)) throw error;
    if (error.problem === 'unauthorized') this.renewAt = 0;
    else if (error.problem === 'unreachable' || error.problem === 'refused')
      this.set({ failure: failureOf(error) });
    else if (this.state.failure?.id === 'server-unreachable') this.set({ failure: undefined });
  }

  private clockFailure(skewInSeconds: number | undefined): Failure | undefined {
    const wrong = skewInSeconds !== undefined && Math.abs(skewInSeconds) > TOLERATED_SKEW_IN_SECONDS;
    return wrong ? { id: 'clock-wrong', detail: `${skewInSeconds} s` } : undefined;
  }
}

/** What a server that does not have the route yet says of it. */
const told = <Answer>(answer: Promise<Answer>): Promise<Told<Answer>> =>
  answer.catch((error) => {
    if (error instanceof ApiError && error.problem === 'absent') return 'absent' as const;
    throw error;
  });

/** Whether the token has ended. */
const isUnauthorized = (error: unknown): boolean =>
  error instanceof ApiError && error.problem === 'unauthorized';

/** Whether the same request can succeed later. */
const isTransient = (error: unknown): boolean =>
  error instanceof Stopped
    ? error.failure.id === 'server-unreachable' || error.failure.id === 'server-broken'
    : error instanceof ApiError && ['unreachable', 'busy', 'broken'].indexOf(error.problem) >= 0;

function failureOf(error: unknown): Failure {
  if (error instanceof Stopped) return error.failure;
  if (!(error instanceof ApiError)) throw error;
  const detail = [error.code || '', error.message, error.requestId].filter(Boolean).join(' · ');
  if (error.problem === 'unreachable') return { id: 'server-unreachable', detail };
  if (error.problem === 'refused') return { id: 'workspace-missing', detail };
  return { id: 'server-broken', detail };
}

/** The code of a wrong password. The status is 200: after 401, Pilot would leave the cloud. */
const WRONG = 401;
const FORBIDDEN = 403;

function problemOf(error: unknown): SignInProblem {
  if (!(error instanceof ApiError)) throw error;
  const { problem, code, message } = error;
  if (problem === 'refused' && code === WRONG) return { id: 'wrong' };
  if (problem === 'refused' && code === FORBIDDEN) return { id: 'workspace-missing' };
  if (problem === 'refused') return { id: 'refused', message };
  return { id: problem === 'unauthorized' ? 'ended' : problem };
}
