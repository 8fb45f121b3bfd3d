// The conformance suite of the `Store` port: what every store keeps, whatever it is made of. A
// store that passes may stand in for any other. Each rule opens a fresh store; those about
// durability close it and open it again.

import type { Store } from '@hivekernel/kernel';
import { describe } from 'vitest';
import { appendRules } from './append-rules.ts';
import { contentRules } from './content-rules.ts';
import { damageRules } from './damage-rules.ts';
import { modelRules } from './model-rules.ts';
import { ownerRules } from './owner-rules.ts';
import { readRules } from './read-rules.ts';
import { retentionRules } from './retention-rules.ts';
import type { OpenStore, StoreHarness, WithStore } from './rule-ground.ts';
import { snapshotRules } from './snapshot-rules.ts';

export interface StoreSuite {
  readonly name: string;
  readonly make: () => Promise<StoreHarness>;
  /** How many sequences of calls the property tries; default 25. */
  readonly propertyRuns?: number;
}

/** Declares the suite; call it at the top level of a test file. */
export function storeSuite({ name, make, propertyRuns = 25 }: StoreSuite): void {
  const withStore: WithStore = (rule) => async () => {
    const harness = await make();
    const opened: Store[] = [];
    try {
      await rule(await openOn(harness, opened));
    } finally {
      for (const store of opened) await store.close();
      await harness.remove();
    }
  };
  describe(`${name} is a Store`, () => {
    ownerRules(withStore, make);
    appendRules(withStore);
    readRules(withStore);
    contentRules(withStore);
    snapshotRules(withStore);
    retentionRules(withStore);
    damageRules(withStore);
    modelRules({ make, propertyRuns });
  });
}

async function openOn(harness: StoreHarness, opened: Store[]): Promise<OpenStore> {
  const store = await harness.open();
  opened.push(store);
  const lease = await store.acquire({ partition: 1, node: 'node-a' });
  return {
    store,
    lease,
    reopen: async (meanwhile) => {
      await store.close();
      await meanwhile?.(harness);
      return openOn(harness, opened);
    },
  };
}
