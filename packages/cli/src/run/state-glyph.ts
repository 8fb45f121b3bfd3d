// A sign for each state, beside its word (UX §3.5): state is never colour alone.
// A state that this version does not know shows as a question mark.

const GLYPHS: Readonly<Record<string, string>> = {
  starting: '◌',
  idle: '○',
  running: '●',
  blocked: '◔',
  paused: '⏸',
  sleeping: '⏾',
  stopping: '◍',
  failed: '✕',
  zombie: '☠',
  dead: '·',
};

export const stateGlyph = (state: string): string => GLYPHS[state] ?? '?';
