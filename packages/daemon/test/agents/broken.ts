// An agent whose module throws as it is loaded.

throw new Error('this module was never meant to run');
