// The configuration: what the daemon and the command line may use of this folder.

export { loadConfig } from './load.ts';
export type { Config, ConfigRequest } from './load.ts';
export type { DaemonSettings } from './daemon-settings.ts';
export type { ListenAddress } from './listen-address.ts';
export type { ProviderSettings } from './provider-kind.ts';
export { listConfig } from './list.ts';
export type { ConfigListRow } from './list.ts';
export { maskSecret } from './secrets.ts';
export type { SecretStatus } from './secrets.ts';
export { nearest } from './nearest.ts';
export { GUIDE_PATH, renewGuide } from './settings-guide.ts';
export { SETTINGS, SETTING_KEYS, envNameOf, settingRow } from './settings-table.ts';
export type { LogLevel, SettingKey, SettingRow, SettingValues } from './settings-table.ts';
export type { Origin, OriginKind } from './source.ts';
export type { Flags, FlagValue } from './text-sources.ts';
export { showBytes, showDuration } from './value-kinds.ts';
