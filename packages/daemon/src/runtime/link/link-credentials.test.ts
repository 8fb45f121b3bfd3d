import { link, make } from '@hivekernel/protocol';
import { describe, expect, it } from 'vitest';
import { LinkCredentials } from './link-credentials.ts';

const withToken = (startToken: string) => make(link.Hello, { startToken });
const withSecret = (resumeSecret: string) => make(link.Hello, { resumeSecret });

describe('LinkCredentials.check()', () => {
  it('takes the start token once', () => {
    const credentials = new LinkCredentials();
    expect(credentials.check(withToken(credentials.startToken))).toBeUndefined();
    expect(credentials.check(withToken(credentials.startToken))).toContain('used already');
  });

  it.each(['', 'guess', 'x'.repeat(10_000)])('refuses the start token %j', (token) => {
    expect(new LinkCredentials().check(withToken(token))).toContain('not that of this process');
  });

  it('refuses a resume secret before one was issued', () => {
    expect(new LinkCredentials().check(withSecret('guess'))).toContain('not that of this process');
  });

  it('takes the newest resume secret, again and again', () => {
    const credentials = new LinkCredentials();
    const secret = credentials.issueResumeSecret();
    expect(credentials.check(withSecret(secret))).toBeUndefined();
    expect(credentials.check(withSecret(secret))).toBeUndefined();
    expect(credentials.check(withSecret(`${secret}x`))).toBeDefined();
  });

  it('takes the one before it, when the reply with the newest was lost', () => {
    const credentials = new LinkCredentials();
    const first = credentials.issueResumeSecret();
    credentials.issueResumeSecret();
    expect(credentials.check(withSecret(first))).toBeUndefined();
  });

  it('refuses older ones', () => {
    const credentials = new LinkCredentials();
    const first = credentials.issueResumeSecret();
    credentials.issueResumeSecret();
    credentials.issueResumeSecret();
    expect(credentials.check(withSecret(first))).toBeDefined();
  });

  it('makes tokens that differ', () => {
    expect(new LinkCredentials().startToken).not.toBe(new LinkCredentials().startToken);
  });
});
