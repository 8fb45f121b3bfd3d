// Prints an error on stderr: three parts for people, one JSON object with `-o json`.
// A stack only with -vv, or where the fault is ours.

import type { Paint } from '../output/terminal.ts';
import type { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';

export interface ReportOptions {
  readonly isJson: boolean;
  readonly verbosity: number;
  readonly paint: Paint;
}

const VERBOSE_FOR_STACK = 2;

export function reportError(error: CliError, options: ReportOptions): string {
  const hasStack = options.verbosity >= VERBOSE_FOR_STACK || error.exitCode === EXIT.bug;
  const stack = hasStack ? stackOf(error) : undefined;
  return options.isJson ? jsonReport(error, stack) : textReport(error, { ...options, stack });
}

function textReport(
  error: CliError,
  { paint, stack }: ReportOptions & { stack: string | undefined },
): string {
  const lines = [`${paint.red(`error[${error.code}]:`)} ${error.message}`];
  if (error.why !== '') lines.push(...error.why.split('\n').map((line) => `  ${line}`));
  if (error.hints.length > 0) {
    lines.push(
      `  ${error.hints.map((hint) => `${hint.label}:  ${hint.command}`).join('        ')}`,
    );
  }
  if (stack !== undefined) lines.push(paint.dim(stack));
  return `${lines.join('\n')}\n`;
}

function jsonReport(error: CliError, stack: string | undefined): string {
  const { code, message, why, hints, exitCode, details } = error;
  const body = { apiVersion: 'v1', kind: 'Error', code, message, why, hints, exitCode, details };
  return `${JSON.stringify(stack === undefined ? body : { ...body, stack })}\n`;
}

function stackOf(error: CliError): string {
  const { cause } = error;
  const origin = cause instanceof Error ? cause : error;
  return origin.stack ?? String(origin);
}
