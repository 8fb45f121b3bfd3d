// The HTTP door: /healthz, the model endpoint for any OpenAI-compatible client, and the events for
// the operator. Loopback only.
//   H1. Host and Origin are checked on every request; /v1 needs the bearer key of a process, which
//       is its identity, before a byte of the body is read; /v1/events needs the operator's.
//   H2. stop() ends every stream within its deadline; start() and stop() may be called in any
//       order, any number of times.

import { KernelError, LIMITS } from '@hivekernel/kernel';
import type { FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import type { Gateway } from '../../llm/gateway.ts';
import type { Caller } from '../../llm/ports.ts';
import { chatRoute } from './chat-route.ts';
import { errorBody, errorHeaders, HTTP_ERRORS, toKernelError } from './errors.ts';
import { eventsRoute } from './events-route.ts';
import type { EventsRouteOptions } from './events-route.ts';
import { checkOrigin, isLoopbackName } from './origin.ts';

const STOP_GRACE_MS = 1_000;
/** For a whole request to arrive; its answer may take as long as it takes. */
const REQUEST_TIMEOUT_MS = 60_000;
/** For the last events to leave, after the streams were ended. */
const FLUSH_MS = 250;

export interface HealthReport {
  readonly status: 'ok' | 'degraded' | 'stopping';
  readonly version: string;
  readonly seq: number;
  readonly [field: string]: unknown;
}

export interface HttpOptions {
  readonly gateway: Gateway;
  readonly health: () => HealthReport;
  /** Left out: no events are served. */
  readonly events?: EventsRouteOptions | undefined;
  /** Default 127.0.0.1; refused if not loopback. */
  readonly host?: string | undefined;
  /** 0: any free one. */
  readonly port: number;
  /** Faults of ours, whose inside the client does not see. */
  readonly onInternalError?: ((error: KernelError) => void) | undefined;
}

export interface HttpServer {
  /** `http://127.0.0.1:7700`, while it runs. */
  readonly url: string | undefined;
  /** Resolves with the url. Rejects with `conflict` when the port is taken. */
  start(): Promise<string>;
  stop(options?: { graceMs?: number }): Promise<void>;
}

/** What is under way, so that stop() can end it. */
interface UnderWay {
  readonly calls: Set<AbortController>;
  /** They never end by themselves. */
  readonly streams: Set<AbortController>;
}

interface Running {
  readonly app: FastifyInstance;
  readonly url: string;
  readonly open: UnderWay;
}

export function createHttp(options: HttpOptions): HttpServer {
  return new Http(options);
}

class Http implements HttpServer {
  readonly #options: HttpOptions;
  #running: Running | undefined;
  // One at a time, in the order of the calls: that is the whole answer to races.
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: HttpOptions) {
    this.#options = options;
  }

  get url(): string | undefined {
    return this.#running?.url;
  }

  start(): Promise<string> {
    return this.#inTurn(async () => {
      this.#running ??= await this.#listen();
      return this.#running.url;
    });
  }

  stop(options: { graceMs?: number } = {}): Promise<void> {
    return this.#inTurn(async () => {
      const running = this.#running;
      this.#running = undefined;
      if (running !== undefined) await close(running, options.graceMs ?? STOP_GRACE_MS);
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #listen(): Promise<Running> {
    const host = this.#options.host ?? '127.0.0.1';
    if (!isLoopbackName(host === '::1' ? '[::1]' : host)) {
      throw new KernelError('invalid_argument', `HTTP is served on loopback only, not on ${host}.`);
    }
    // Loaded here: it costs 70 ms, which the rest of the boot need not wait for.
    const { fastify } = await import('fastify');
    const app = fastify({
      logger: false,
      bodyLimit: LIMITS.frameBytesMax,
      requestTimeout: REQUEST_TIMEOUT_MS,
      exposeHeadRoutes: false,
      forceCloseConnections: 'idle',
    });
    const open: UnderWay = { calls: new Set(), streams: new Set() };
    this.#routes(app, open);
    try {
      const url = await app.listen({ host, port: this.#options.port });
      return { app, url, open };
    } catch (error) {
      await app.close();
      throw listenError(error, { host, port: this.#options.port });
    }
  }

  #routes(app: FastifyInstance, open: UnderWay): void {
    app.addHook('onRequest', (request, _reply, done) => {
      checkOrigin(request.headers);
      done();
    });
    app.get('/healthz', (_request, reply) => {
      const report = this.#options.health();
      return reply.code(report.status === 'stopping' ? 503 : 200).send(report);
    });
    // Settled by `listen`, which tells what goes wrong in it.
    const models: FastifyPluginCallback = (v1, _options, done) => {
      this.#modelRoutes(v1, open.calls);
      done();
    };
    void app.register(models, { prefix: '/v1' });
    const { events } = this.#options;
    if (events !== undefined) {
      app.get('/v1/events', (request, reply) =>
        eventsRoute(events, { request, reply, open: open.streams }),
      );
    }
    app.setNotFoundHandler(tellNothingThere);
    app.setErrorHandler((thrown, _request, reply) => {
      const error = toKernelError(thrown);
      if (error.code === 'internal') this.#options.onInternalError?.(error);
      return reply
        .code(HTTP_ERRORS[error.code].status)
        .headers(errorHeaders(error))
        .send(errorBody(error));
    });
  }

  /** H1: the key is asked by the routes themselves, since a path can be written in many ways. */
  #modelRoutes(v1: FastifyInstance, open: Set<AbortController>): void {
    const { gateway } = this.#options;
    const callers = new WeakMap<FastifyRequest, Caller>();
    v1.addHook('onRequest', (request, _reply, done) => {
      callers.set(request, identify(gateway, request));
      done();
    });
    v1.get('/models', async () => ({
      object: 'list',
      data: (await gateway.models()).map(({ id, ownedBy }) => ({
        id,
        object: 'model',
        created: 0,
        owned_by: ownedBy,
      })),
    }));
    v1.post('/chat/completions', (request, reply) => {
      const caller = callers.get(request) ?? identify(gateway, request);
      return chatRoute({ gateway, open }, { request, reply, caller });
    });
    v1.setNotFoundHandler(tellNothingThere);
  }
}

function tellNothingThere(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const where = `${request.method} ${request.url.split('?')[0] ?? ''}`;
  const error = new KernelError('not_found', `There is nothing at ${where}.`);
  return reply.code(404).send(errorBody(error));
}

function identify(gateway: Gateway, request: FastifyRequest): Caller {
  const header = request.headers.authorization;
  const bearer = header === undefined ? undefined : /^Bearer\s+(\S+)$/i.exec(header)?.[1];
  const caller = gateway.identify(bearer);
  if (caller !== undefined) return caller;
  const why = bearer === undefined ? 'A bearer key is needed' : 'Nobody has this key';
  throw new KernelError('unauthenticated', `${why}: use the OPENAI_API_KEY of your process.`);
}

/** First the calls may end by themselves, then they are ended, then the connections are cut. */
async function close(running: Running, graceMs: number): Promise<void> {
  const { app, open } = running;
  const closed = app.close();
  const reason = new KernelError('unavailable', 'The kernel is stopping.');
  for (const controller of open.streams) controller.abort(reason);
  await quiet(open.calls, graceMs);
  for (const controller of open.calls) controller.abort(reason);
  await quiet(open.calls, FLUSH_MS);
  await quiet(open.streams, FLUSH_MS);
  app.server.closeAllConnections();
  await closed;
}

const QUIET_CHECK_MS = 10;

/** Resolves when no call is open, at the latest after `withinMs`. */
function quiet(open: ReadonlySet<AbortController>, withinMs: number): Promise<void> {
  if (open.size === 0) return Promise.resolve();
  return new Promise((resolve) => {
    const deadlineMs = performance.now() + withinMs;
    const timer = setInterval(() => {
      if (open.size > 0 && performance.now() < deadlineMs) return;
      clearInterval(timer);
      resolve();
    }, QUIET_CHECK_MS);
  });
}

function listenError(error: unknown, at: { host: string; port: number }): unknown {
  const { code } = error as NodeJS.ErrnoException;
  const where = `${at.host}:${at.port}`;
  if (code === 'EADDRINUSE') {
    const message =
      `The HTTP port ${where} is in use by another program. ` +
      'Choose another one with --http-port, or 0 for any that is free.';
    return new KernelError('conflict', message, { cause: error, details: { port: at.port } });
  }
  if (code !== 'EACCES') return error;
  const message = `The HTTP port ${where} may not be opened by this user. Choose one above 1023.`;
  return new KernelError('permission_denied', message, {
    cause: error,
    details: { port: at.port },
  });
}
