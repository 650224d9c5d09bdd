// A line-oriented driver of llama.cpp for evaluate.py.
//   node engine.mjs MODEL.gguf   reads one JSON request a line, writes one JSON reply a line.
// {"op":"tokenize","text":T}               -> {"ids":[...]}
// {"op":"generate","ids":[...],"max":N}    -> {"ids":[...],"firstMs":F,"ms":M}   (greedy)
// The first line it writes is {"ready":true}.
import readline from "node:readline";
import {getLlama} from "node-llama-cpp";

const llama = await getLlama({build: "never", gpu: false, skipDownload: true, logLevel: "error",
                              maxThreads: Number(process.env.THREADS ?? 2)});
const model = await llama.loadModel({modelPath: process.argv[2], gpuLayers: 0});
const context = await model.createContext({contextSize: 1024});
const sequence = context.getSequence();
console.log(JSON.stringify({ready: true}));

for await (const line of readline.createInterface({input: process.stdin})) {
    if (!line.trim()) continue;
    const req = JSON.parse(line);
    let reply;
    if (req.op === "tokenize") {
        reply = {ids: [...model.tokenize(req.text, true)]};
    } else {
        await sequence.clearHistory();
        const t0 = performance.now();
        const ids = [];
        let first = 0;
        for await (const t of sequence.evaluate(req.ids, {temperature: 0})) {
            if (first === 0) first = performance.now() - t0;
            if (model.isEogToken(t)) break;
            ids.push(t);
            if (ids.length >= req.max) break;
        }
        reply = {ids, firstMs: first, ms: performance.now() - t0};
    }
    console.log(JSON.stringify(reply));
}
await llama.dispose();
process.exit(0);
