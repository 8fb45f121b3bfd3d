import { describe, expect, it } from 'vitest';
import { agentEnvironment } from './agent-environment.ts';

const own = {
  HIVEKERNEL_PID: '7',
  HIVE_LINK: '/run/7.sock',
  HIVE_PROJECT: '/project',
  OPENAI_BASE_URL: 'http://127.0.0.1:1/v1',
  OPENAI_API_KEY: 'key-7',
  NODE_COMPILE_CACHE: '/cache',
};
const from = { PATH: '/bin', OPENROUTER_API_KEY: 'secret', HIVE_DATA: '/data' };

describe('agentEnvironment()', () => {
  it('lets through what is named, and nothing else', () => {
    const { env } = agentEnvironment({ own, asked: {}, pass: ['PATH', 'HOME'], from });
    expect(env).toEqual({ PATH: '/bin', ...own });
  });

  it('lets the spawn request win over what is let through', () => {
    const { env } = agentEnvironment({ own, asked: { PATH: '/own' }, pass: ['PATH'], from });
    expect(env['PATH']).toBe('/own');
  });

  it.each([...Object.keys(own), 'HIVE_ANYTHING', 'HIVEKERNEL_CORE', 'A=B', 'A\0B', ''])(
    'ignores %j of the spawn request, and says so',
    (name) => {
      const { env, ignored } = agentEnvironment({ own, asked: { [name]: 'x' }, pass: [], from });
      expect(env).toEqual(own);
      expect(ignored).toEqual([name]);
    },
  );

  it('ignores a value that no system takes', () => {
    const { ignored } = agentEnvironment({ own, asked: { A: 'b\0c' }, pass: [], from });
    expect(ignored).toEqual(['A']);
  });

  it('does not hand on the variables of the daemon itself', () => {
    const { env } = agentEnvironment({ own, asked: {}, pass: ['HIVE_DATA'], from });
    expect(env).toEqual(own);
  });
});
