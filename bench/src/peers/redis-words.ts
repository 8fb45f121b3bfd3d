// What both ends of the Redis load call their things. They run in the server's directory, since the
// path of a socket must be short.

import { SOCKET } from './redis-server.ts';

export const CONNECTION = { socket: { path: `./${SOCKET}`, tls: false } } as const;
export const GROUP = 'receivers';
export const repliesOf = (stream: string): string => `${stream}:replies`;
