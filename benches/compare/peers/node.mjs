// fast-json-patch and microdiff on the same people: node node.mjs FILE.jsonl ROUNDS, a line `name<TAB>median<TAB>least`
// each, in nanoseconds a person. A line of the file has base, local and remote.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(process.cwd() + "/");
const fastJsonPatch = require("fast-json-patch");
const microdiff = require("microdiff").default;

const [file, rounds] = [process.argv[2], Number(process.argv[3])];
const people = readFileSync(file, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));

const contenders = {
  "fast-json-patch twice (Node)": (a, b) => fastJsonPatch.compare(a, b).length,
  "microdiff twice (Node)": (a, b) => microdiff(a, b).length,
};
const times = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
// The first round warms the compiler up, and does not count.
for (let round = 0; round <= rounds; round++) {
  for (const [name, diff] of Object.entries(contenders)) {
    const start = process.hrtime.bigint();
    let found = 0;
    for (const { base, local, remote } of people) found += diff(base, local) + diff(base, remote);
    const took = Number(process.hrtime.bigint() - start) / people.length;
    if (found === 0) throw new Error("nothing was found where something is");
    if (round > 0) times[name].push(took);
  }
}
for (const [name, all] of Object.entries(times)) {
  all.sort((a, b) => a - b);
  console.log(`${name}\t${all[Math.floor(all.length / 2)]}\t${all[0]}`);
}
