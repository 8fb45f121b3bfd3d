// An agent that does nothing, at once: what is measured is everything around it.
// It imports what every agent imports and no more, so that its start is an agent's start.

import { defineAgent } from '@hivekernel/sdk';

export default defineAgent(() => undefined);
