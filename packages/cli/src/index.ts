// The command line as a function, for tests and for programs that carry it.
export { runCli } from './cli.ts';
export type { CliRequest } from './cli.ts';
export type { Streams } from './output/terminal.ts';
