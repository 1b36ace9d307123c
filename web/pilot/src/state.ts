import { DEFAULT_TITLE } from '../../common/pilot-config.ts';
import type { DiagnosisAnswer, Upload } from '../api.ts';
import type { Failure } from './failure.ts';
import { type ModulesState, NOTHING_LOADED } from './modules.ts';

/** Why somebody is not signed in, beside the form. `refused` has the server's own words. */
export type SignInProblem =
  | { readonly id: 'wrong' | 'unreachable' | 'busy' | 'absent' | 'broken' | 'ended' | 'workspace-missing' }
  | { readonly id: 'refused'; readonly message: string };

export interface Workspace {
  readonly id: string;
  readonly name: string;
}

/** What the server tells now and then: not asked yet, not offered by this server, or the answer. */
export type Told<Answer> = 'unknown' | 'absent' | Answer;

export interface PilotState {
  readonly phase: 'starting' | 'outside' | 'signed-out' | 'signed-in' | 'stopped';
  /** A view above the home view; the back key closes it. */
  readonly view: 'home' | 'trouble' | 'leave' | 'workspaces';
  readonly title: string;
  readonly serialNumber: string;
  readonly appVersion: string;
  readonly signingIn: boolean;
  readonly signInProblem: SignInProblem | undefined;
  readonly username: string;
  readonly workspace: Workspace | undefined;
  readonly workspaces: readonly Workspace[];
  /** What stopped the way to the modules. The modules have one of their own. */
  readonly failure: Failure | undefined;
  readonly modules: ModulesState;
  /** Whether Pilot did not take the last change of a setting. */
  readonly settingRefused: boolean;
  readonly uploads: Told<readonly Upload[]>;
  readonly diagnosis: Told<DiagnosisAnswer>;
  /** How far the controller's clock is ahead of the server's. */
  readonly clockSkewInSeconds: number;
}

export const FIRST_STATE: PilotState = {
  phase: 'starting',
  view: 'home',
  title: DEFAULT_TITLE,
  serialNumber: '',
  appVersion: '',
  signingIn: false,
  signInProblem: undefined,
  username: '',
  workspace: undefined,
  workspaces: [],
  failure: undefined,
  modules: NOTHING_LOADED,
  settingRefused: false,
  uploads: 'unknown',
  diagnosis: 'unknown',
  clockSkewInSeconds: 0,
};
