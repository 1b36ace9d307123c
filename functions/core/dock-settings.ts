/** What a dock needs before it works with a third-party cloud. */
export interface DockSettings {
  readonly ntpServerHost: string;
  readonly ntpServerPort: number;
  readonly appId: string;
  readonly appKey: string;
  readonly appLicense: string;
}

/** Where the settings are kept; implemented in `adapters/`. */
export interface DockSettingsSource {
  /** Throws `DockSettingsMissingError` with the names, never the values, of what nobody has filled in. */
  read(): Promise<DockSettings>;
}
