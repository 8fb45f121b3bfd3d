// What `pipe` is seen against: a bare node process at the other end of an OS pipe. Reads its stdin,
// and says a line each time that it has read as many bytes as its argument says.

const bytesInRound = Number(process.argv[2]);
let bytes = 0;

process.stdin.on('data', (chunk: Buffer) => {
  bytes += chunk.length;
  while (bytes >= bytesInRound) {
    bytes -= bytesInRound;
    process.stdout.write('round\n');
  }
});
