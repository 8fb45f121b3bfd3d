// What is asked of a caller beside its right, in words: who may do it, and to whom. Each row of the
// syscall table names one of these; docs/permissions.md is made from both.
// The operator is asked for nothing here, except where a line names him.

export const ASKED = {
  self: 'concerns the caller alone',
  parent: 'holds `spawn_children`; the child is its own (P5)',
  kill: 'its own child; any descendant with `kill` and `kill_processes`',
  executor: 'itself, its parent, the operator (S8)',
  child: 'its own child',
  operator_or_child: 'its own child; any process for the operator',
  keeper: 'itself, its ancestors, the operator (S7)',
  read: '`read_process` on the target; itself and its children always',
  readable: 'tells of those only on which it has `read_process`',
  operator: 'the operator',
  move: 'holds `manage_tree`; the same user (P11)',
  send: '`send_message` to the receiver; its parent and children always; a way (M1, M2)',
  letters: 'itself, its ancestors, the operator; of a queue, its user (M6)',
  mail: 'holder of the message; else of one without a runtime: itself, its parent, the operator',
  inbox: '`read_process` on the target; of a queue, its user',
  queue: 'its own inbox; queues and topics of its user (M1, M10)',
  user: 'concerns what belongs to its user; the king sees that of all',
  pipe: 'its own parent or child (M10)',
  writers: 'owner and its ancestors; of `user` and `global` ones, its user (M12)',
  visible: 'what is visible to it (M12)',
  grant: 'an ancestor that holds it, the operator (A3)',
  allotment: 'its own budget, out of what pays for its parent (B2)',
  sway: 'an ancestor of the same user that holds `budget_allocate`, the operator (B2, A3)',
  up: 'holds `escalate`; goes to its parent',
} as const;

export type Asked = keyof typeof ASKED;
