// A daemon for the reaper's tests: `doomed-daemon.ts <image>...`. Spawns one agent an image, prints
// the OS pids as one line of JSON (with the stray's or orphan's after its agent's, with "reaper",
// that of the reaper, last), and stays until it is killed. "paused:IMAGE" is one that stands still.

import { untilState } from './effect-ground.ts';
import { RuntimeGround } from './runtime-ground.ts';

const images = process.argv.slice(2);
const ground = await RuntimeGround.make();
const osPids: number[] = [];
for (const wish of images.filter((name) => name !== 'reaper')) {
  const image = wish.replace(/^paused:/, '');
  const pid = await ground.spawn(image);
  osPids.push(await ground.osPidOf(pid));
  if (image === 'loop') await ground.line(pid, /^looping/);
  if (image === 'fork') await ground.line(pid, /^child/);
  // It leads a group of its own.
  if (image === 'stray' || image === 'orphan') {
    osPids.push(Number((await ground.line(pid, /^child/)).split(' ')[1]));
  }
  if (image === wish) continue;
  ground.runtime.pause({ do: 'pause', pid, incarnation: 1 });
  await Promise.all(osPids.slice(-2).map((osPid) => untilState(osPid, 'T')));
}
const reaper = ground.runtime.reaperPid;
if (images.includes('reaper') && reaper !== undefined) osPids.push(reaper);
console.log(JSON.stringify(osPids));
setInterval(() => undefined, 1_000);
