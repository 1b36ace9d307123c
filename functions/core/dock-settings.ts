/** What a dock needs before it works with a third-party cloud. */
export interface DockSettings {
  readonly ntpServerHost: string;
  readonly ntpServerPort: number;
  readonly appId: string;
  readonly appKey: string;
  readonly appLicense: string;
}

/** Where the settings are stored. Implemented in `adapters/`. */
export interface DockSettingsSource {
  /** Throws `DockSettingsMissingError` with the names, but never the values, of settings that are missing. */
  read(): Promise<DockSettings>;
}
