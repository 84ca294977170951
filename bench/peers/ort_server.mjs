// ONNX Runtime's turns: loads one network and runs it when it is told to, so that engines can take turns in one comparison.
//
//     node bench/peers/ort_server.mjs MODULES MODEL INPUT WIDTH HEIGHT THREADS
//
// MODULES is the node_modules folder with onnxruntime-node. Protocol, the same as torch_server.py's: a JSON line with what it is,
// once it is ready; then for each line read one line written:
//     run          runs the network once; the seconds that took
//     save FILE    writes the last run's outputs behind each other, raw float32; "saved"
// Ends with its input.
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { resolve } from "node:path";

const [modules, model, inputPath, width, height, threads] = process.argv.slice(2);
const load = createRequire(resolve(modules, "here.js"));
const ort = load("onnxruntime-node");

const session = await ort.InferenceSession.create(model, {
    executionProviders: ["cpu"],
    graphOptimizationLevel: "all",
    intraOpNumThreads: Number(threads),
    interOpNumThreads: 1,
});
const bytes = readFileSync(inputPath);
const numbers = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
const feeds = { [session.inputNames[0]]: new ort.Tensor("float32", numbers, [1, 3, Number(height), Number(width)]) };
let outputs;

const commands = {
    async run() {
        const start = process.hrtime.bigint();
        outputs = await session.run(feeds);
        return Number(process.hrtime.bigint() - start) / 1e9;
    },
    async save(path) {
        const parts = session.outputNames.map((name) => outputs[name].data);
        writeFileSync(path, Buffer.concat(parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength))));
        return "saved";
    },
};

console.log(JSON.stringify({ version: load("onnxruntime-node/package.json").version }));
for await (const line of createInterface({ input: process.stdin })) {
    const [command, ...rest] = line.split(" ");
    console.log(await commands[command](rest.join(" ")));
}
