export { Daemon, type DaemonOptions } from './daemon.ts';
export { readRunFile, type RunInfo } from './boot/run-file.ts';
export { dataDirsOf, type DataDirs } from './boot/data-dir.ts';
export { discoverModels } from './boot/discover-models.ts';
export * from './config/index.ts';
export { VERSION } from './version.ts';
export { ERROR_CODES, isErrorCode, KernelError, type ErrorCode } from '@hivekernel/kernel';
