// An agent that does nothing, at once: what is measured is everything around it.

import { defineAgent } from '@hivekernel/sdk';

export default defineAgent(() => undefined);
