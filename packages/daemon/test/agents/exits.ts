// An agent whose module ends the process as it is loaded.

console.error('I will not serve');
process.exit(12);
