// The kernel's front: what the daemon, the testkit and the tests may import.
export * from './errors.ts';
export * from './ids.ts';
export * from './limits.ts';
export * from './settings.ts';
export * from './ports.ts';
