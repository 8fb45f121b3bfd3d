// Every name, number and type of the frozen packages and of the service beside them, held against
// the descriptors that the code was generated from; and a few messages byte by byte, computed by
// hand.
import { fromBinary } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import type {
  DescriptorProto,
  EnumDescriptorProto,
  FieldDescriptorProto,
  FileDescriptorProto,
} from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { DESCRIPTOR_SET_BASE64 } from '../src/gen/descriptors.ts';
import { agent, control, core, link, make } from '../src/index.ts';
import { CONTROL, LINK_MEMBERS } from './control-facts.ts';
import { EXTENSIONS, FROZEN } from './frozen-facts.ts';

const FIRST_EXTENSION = 100;
const files = fromBinary(
  FileDescriptorSetSchema,
  Uint8Array.from(Buffer.from(DESCRIPTOR_SET_BASE64, 'base64')),
).file;

function fileOf(name: string): FileDescriptorProto {
  const file = files.find((candidate) => candidate.name === name);
  if (!file) throw new Error(`no ${name} in the descriptor set`);
  return file;
}

const agentFile = fileOf('agent.proto');
const coreFile = fileOf('core.proto');
const controlFile = fileOf('control.proto');
const linkFile = fileOf('link.proto');

/** The lines of a table: name to facts, with continuations joined. */
function table(text: string): ReadonlyMap<string, string> {
  const lines = text
    .trim()
    .replaceAll(/\n {2}/g, ' ')
    .split('\n');
  return new Map(lines.map((line) => [line.split(': ')[0]!, line.slice(line.indexOf(': ') + 2)]));
}

const lastName = (typeName: string): string => typeName.slice(typeName.lastIndexOf('.') + 1);

function typeOf(field: FieldDescriptorProto, message: DescriptorProto): string {
  const name = lastName(field.typeName);
  const entry = message.nestedType.find((nested) => nested.name === name);
  if (entry?.options?.mapEntry) {
    return `map<${entry.field.map((part) => typeOf(part, entry)).join(', ')}>`;
  }
  const scalar = FieldDescriptorProto_Type[field.type].toLowerCase();
  const type = name === '' ? scalar : name;
  return field.label === FieldDescriptorProto_Label.REPEATED ? `${type}[]` : type;
}

/** Unset reads as 0, which is an index, too. */
function oneofOf(field: FieldDescriptorProto): number | undefined {
  return Object.hasOwn(field, 'oneofIndex') ? field.oneofIndex : undefined;
}

/** A message in the words of the table: all fields for which `isWanted`. */
function messageFacts(message: DescriptorProto, isWanted: (n: number) => boolean): string {
  const words = (field: FieldDescriptorProto): string =>
    `${field.number} ${field.name} ${typeOf(field, message)}`;
  const fields = message.field.filter((field) => isWanted(field.number));
  const plain = fields.filter((field) => oneofOf(field) === undefined).map(words);
  const oneofs = message.oneofDecl.flatMap((oneof, index) => {
    const members = fields.filter((field) => oneofOf(field) === index);
    if (members.length === 0) return [];
    return `oneof ${oneof.name} { ${members.map(words).join(', ')} }`;
  });
  return [...plain, ...oneofs].join('; ') || '(empty)';
}

function enumFacts(descriptor: EnumDescriptorProto, isWanted: (n: number) => boolean): string {
  const values = descriptor.value.filter((value) => isWanted(value.number));
  return values.map((value) => `${value.name}=${value.number}`).join(', ');
}

const isFrozen = (n: number): boolean => n < FIRST_EXTENSION;
const isOurs = (n: number): boolean => n >= FIRST_EXTENSION;

describe('services', () => {
  const services = [
    [agentFile, 'AgentService', FROZEN.agentService],
    [coreFile, 'CoreService', FROZEN.coreService],
    [controlFile, 'ControlService', CONTROL.service],
  ] as const;
  for (const [file, name, facts] of services) {
    it(`${name} has exactly the methods of the specification`, () => {
      const service = file.service.find((candidate) => candidate.name === name)!;
      const methods = service.method.map((method) => {
        const input = `${method.clientStreaming ? 'stream ' : ''}${lastName(method.inputType)}`;
        const output = `${method.serverStreaming ? 'stream ' : ''}${lastName(method.outputType)}`;
        return [method.name, `${input} -> ${output}`];
      });
      expect(Object.fromEntries(methods)).toEqual(Object.fromEntries(table(facts)));
    });
  }
});

describe('enums', () => {
  const enums = [...agentFile.enumType, ...coreFile.enumType];
  const frozen = table(FROZEN.enums);
  it('are those of the specification', () => {
    expect(enums.map((descriptor) => descriptor.name)).toEqual([...frozen.keys()]);
  });
  for (const descriptor of enums) {
    it(`${descriptor.name} has exactly the frozen numbers, and only our extensions`, () => {
      expect(enumFacts(descriptor, isFrozen)).toBe(frozen.get(descriptor.name));
      const ours = table(EXTENSIONS.enums).get(descriptor.name) ?? '';
      expect(enumFacts(descriptor, isOurs)).toBe(ours);
    });
  }
});

describe('messages', () => {
  const groups = [
    [agentFile, FROZEN.agentMessages, EXTENSIONS.agentMessages],
    [coreFile, FROZEN.coreMessages, EXTENSIONS.coreMessages],
  ] as const;
  for (const [file, facts, extensions] of groups) {
    const frozen = table(facts);
    const ours = table(extensions);
    it(`of ${file.name} are those of the specification`, () => {
      expect(file.messageType.map((message) => message.name)).toEqual([...frozen.keys()]);
      expect([...frozen.keys()]).toEqual(expect.arrayContaining([...ours.keys()]));
    });
    for (const message of file.messageType) {
      it(`${message.name} has exactly the frozen fields, and only our extensions`, () => {
        expect(messageFacts(message, isFrozen)).toBe(frozen.get(message.name));
        expect(messageFacts(message, isOurs)).toBe(ours.get(message.name) ?? '(empty)');
      });
    }
  }
});

describe('the messages of ControlService', () => {
  const isAny = (): boolean => true;
  const messageOf = (name: string) => linkFile.messageType.find((one) => one.name === name)!;

  it.each([...table(CONTROL.messages)])('%s has exactly its fields', (name, facts) => {
    expect(messageFacts(messageOf(name), isAny)).toBe(facts);
  });

  it.each([...table(CONTROL.enums)])('%s has exactly its numbers', (name, facts) => {
    const descriptor = linkFile.enumType.find((one) => one.name === name)!;
    expect(enumFacts(descriptor, isAny)).toBe(facts);
  });

  it.each(Object.entries(LINK_MEMBERS))('are the members of %s', (envelope, facts) => {
    const message = messageOf(envelope);
    for (const [name, fact] of table(facts)) {
      const field = message.field.find((one) => one.name === name)!;
      expect([name, `${field.number} ${typeOf(field, message)}`]).toEqual([name, fact]);
      expect(oneofOf(field)).toBe(0);
    }
  });

  it('are all that it takes and gives, and stand in the facts', () => {
    const known = [...table(CONTROL.messages).keys(), 'ProcessInfo', 'ArtifactMeta'];
    for (const { inputType, outputType } of controlFile.service[0]!.method) {
      expect(known).toEqual(expect.arrayContaining([inputType, outputType].map(lastName)));
    }
    const { fullName, methods } = control.ControlServiceDefinition;
    expect(fullName).toBe('hivekernel.v2.ControlService');
    const served = Object.values(methods).map(({ name }) => name);
    expect(served).toEqual([...table(CONTROL.service).keys()]);
  });
});

describe('the packages', () => {
  it('have the frozen names, and core imports agent by its bare file name', () => {
    expect([agentFile.package, coreFile.package]).toEqual(['hivekernel.agent', 'hivekernel.core']);
    expect(coreFile.dependency).toEqual(['agent.proto']);
  });

  it('of ours are beside them', () => {
    expect([linkFile.package, controlFile.package]).toEqual(['hivekernel.v2', 'hivekernel.v2']);
    expect(controlFile.dependency).toEqual(['core.proto', 'link.proto']);
  });
});

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('golden bytes', () => {
  it('SpawnRequest', () => {
    const request = make(agent.SpawnRequest, {
      name: 'ab',
      role: agent.AgentRole.ROLE_WORKER,
      cognitiveTier: agent.CognitiveTier.COG_OPERATIONAL,
      tools: ['x', 'y'],
      limits: make(agent.ResourceLimits, { maxTokensTotal: 300 }),
      runtimeType: agent.RuntimeType.RUNTIME_NODE,
      runtimeImage: 'i',
      exitAfterTask: true,
    });
    const bytes = [
      '0a026162', // 1 name
      '1005', // 2 role
      '1802', // 3 cognitive_tier
      '320178320179', // 6 tools, twice
      '3a0330ac02', // 7 limits { 6 max_tokens_total }
      '5064', // 10 runtime_type
      '5a0169', // 11 runtime_image
      'a80601', // 101 exit_after_task
    ].join('');
    expect(hex(agent.SpawnRequest.encode(request).finish())).toBe(bytes);
    expect(agent.SpawnRequest.decode(Buffer.from(bytes, 'hex'))).toEqual(request);
  });

  it('AgentMessage', () => {
    const message: agent.AgentMessage = {
      messageId: 'm1',
      fromPid: 2 ** 32 + 5,
      fromName: 'q',
      relation: agent.MessageRelation.REL_SIBLING,
      type: 't',
      priority: agent.Priority.PRIORITY_LOW,
      payload: new Uint8Array([0, 255]),
      timestamp: 1,
      requiresAck: true,
      replyTo: 'm0',
      deadlineMs: 0,
      fromAddress: '',
      whyDead: '',
      queue: '',
      topic: '',
      retained: false,
      missed: 0,
      tries: 0,
    };
    const bytes = '0a026d31' + '108580808010' + '1a0171' + '2003' + '2a0174' + '3003';
    const rest = '3a0200ff' + '4001' + '4801' + '52026d30';
    expect(hex(agent.AgentMessage.encode(message).finish())).toBe(bytes + rest);
    const decoded = agent.AgentMessage.decode(Buffer.from(bytes + rest, 'hex'));
    expect({ ...decoded, payload: [...decoded.payload] }).toEqual({
      ...message,
      payload: [0, 255],
    });
  });

  it('SystemCall with a negative timeout and an extension in its oneof', () => {
    const call: agent.SystemCall = {
      callId: 'c',
      call: { $case: 'waitChild', value: { targetPid: 7, timeoutSeconds: -1, peek: true } },
    };
    const bytes = '0a0163' + '5210' + '0807' + '10ffffffffffffffffff01' + 'a00601';
    expect(hex(agent.SystemCall.encode(call).finish())).toBe(bytes);
  });

  it('TaskProgress with a float and a map', () => {
    const result = make(agent.TaskResult, { exitCode: 1, metadata: { a: 'b' } });
    const progress = make(agent.TaskProgress, {
      type: agent.ProgressType.PROGRESS_COMPLETED,
      progressPercent: 0.5,
      result,
    });
    const bytes = '1002' + '250000003f' + '2a0a' + '0801' + '22060a0161120162';
    expect(hex(agent.TaskProgress.encode(progress).finish())).toBe(bytes);
  });

  it('SignalCall', () => {
    const call = make(link.SignalCall, {
      targetPid: 7,
      signal: link.Signal.SIGNAL_TERM,
      recursive: true,
      reason: 'r',
      gracePeriodSeconds: 2,
    });
    const bytes = '0807' + '100f' + '1801' + '220172' + '2802';
    expect(hex(link.SignalCall.encode(call).finish())).toBe(bytes);
    expect(link.SignalCall.decode(Buffer.from(bytes, 'hex'))).toEqual(call);
  });

  it('ProcessInfo with an extension', () => {
    const info = make(core.ProcessInfo, { pid: 1, runtimeAddr: 'l', osPid: 2, startedAtMs: 3 });
    expect(hex(core.ProcessInfo.encode(info).finish())).toBe('08017a016cc80602900703');
  });
});

describe('decode()', () => {
  it('throws on a uint64 over 2^53 rather than to round it', () => {
    const tooLarge = Buffer.from('08ffffffffffffffff7f', 'hex');
    expect(() => core.ProcessInfoRequest.decode(tooLarge)).toThrow(/MAX_SAFE_INTEGER/);
    const largest = core.ProcessInfoRequest.encode({ pid: Number.MAX_SAFE_INTEGER }).finish();
    expect(core.ProcessInfoRequest.decode(largest).pid).toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe('make()', () => {
  it('fills in the zero values of the wire', () => {
    const request = make(agent.SendMessageRequest, { toPid: 3 });
    expect(request).toEqual({
      toPid: 3,
      toQueue: '',
      type: '',
      priority: 0,
      payload: new Uint8Array(0),
      requiresAck: false,
      ttlSeconds: 0,
      replyTo: '',
      toAddress: '',
      idempotencyKey: '',
      deadlineMs: 0,
    });
  });
});
