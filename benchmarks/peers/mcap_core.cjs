// Writes and reads MCAP files with the npm package @mcap/core, for the benchmarks.
//
//   node mcap_core.cjs FOLDER write FILE none|zstd [LEVEL] [CHUNK-BYTES]
//   node mcap_core.cjs FOLDER read FILE
//
// FOLDER has the packages in its node_modules. Defaults are the packages' own: chunks of 1 MiB,
// zstd 3, message indexes, every CRC. There is no lz4: of that npm has a decoder alone.
//
// `write` takes all messages from stdin into memory first: u64 bytes that follow, u32 tracks, of
// each u32 length and name; then of each message u32 track, i64 stamp, u32 length and its bytes
// (little-endian). It prints "SECONDS CPU-SECONDS".
// `read` prints "ready" when the file is open, then takes a line "TRACK|- FIRST|- LIMIT|-" at a
// time (stamps in nanoseconds, LIMIT not included, - for all) and prints "MESSAGES SUM-OF-LAST-BYTES
// SECONDS CPU-SECONDS".
//
// The seconds are of the work alone: from creating the file to closing it, with the messages as the
// library wants them in memory already; from asking for the first message to having the last.
// Neither node's start nor the way through stdin is in them.
"use strict";

const fs = require("fs");
const { createRequire } = require("module");

const [folder, verb, file, compression, level, chunkBytes] = process.argv.slice(2);
const fetched = createRequire(`${folder}/`);
const { McapIndexedReader, McapWriter } = fetched("@mcap/core");
const zstd = fetched("@foxglove/wasm-zstd");

const kReadMax = 1 << 30; // read(2) and write(2) take no more than 2 GiB at once

class Clock {
  #wall = process.hrtime.bigint();
  #cpu = process.cpuUsage();

  seconds() {
    const cpu = process.cpuUsage(this.#cpu);
    return `${Number(process.hrtime.bigint() - this.#wall) / 1e9} ${(cpu.user + cpu.system) / 1e6}`;
  }
}

function readStdin(bytes) {
  const buffer = Buffer.allocUnsafeSlow(bytes);
  for (let have = 0; have < bytes; ) {
    const more = fs.readSync(0, buffer, have, Math.min(bytes - have, kReadMax));
    if (more === 0) throw new Error("stdin ended early");
    have += more;
  }
  return buffer;
}

function readWorkload() {
  const input = readStdin(Number(readStdin(8).readBigUInt64LE()));
  let at = 0;
  const take = (bytes) => input.subarray(at, (at += bytes));
  const number = () => take(4).readUInt32LE();
  const tracks = [];
  for (let count = number(); count > 0; --count) tracks.push(take(number()).toString());
  const messages = [];
  while (at < input.length) {
    const channelId = number();
    const logTime = take(8).readBigInt64LE();
    const data = take(number());
    messages.push({ channelId, sequence: messages.length, logTime, publishTime: logTime, data });
  }
  return { tracks, messages };
}

class FileWritable {
  #fd;
  #bytes = 0;

  constructor(fd) {
    this.#fd = fd;
  }
  async write(buffer) {
    for (let done = 0; done < buffer.length; )
      done += fs.writeSync(this.#fd, buffer, done, Math.min(buffer.length - done, kReadMax));
    this.#bytes += buffer.length;
  }
  position() {
    return BigInt(this.#bytes);
  }
}

// A chunk that does not shrink stays as it is, as MCAP's own writers do it.
function compressChunk(chunk) {
  const packed = zstd.compress(chunk, level && Number(level));
  return packed.length < chunk.length
    ? { compression: "zstd", compressedData: packed }
    : { compression: "", compressedData: chunk };
}

async function write() {
  const { tracks, messages } = readWorkload();
  const clock = new Clock();
  const fd = fs.openSync(file, "w");
  const writer = new McapWriter({
    writable: new FileWritable(fd),
    chunkSize: chunkBytes && Number(chunkBytes),
    compressChunk: compression === "zstd" ? compressChunk : undefined,
  });
  await writer.start();
  for (const topic of tracks)
    await writer.registerChannel({
      topic,
      schemaId: 0,
      messageEncoding: "msgpack",
      metadata: new Map(),
    });
  for (const message of messages) await writer.addMessage(message);
  await writer.end();
  fs.closeSync(fd);
  fs.writeSync(1, `${clock.seconds()}\n`);
}

// Its buffer is used again: the library copies what it keeps.
class FileReadable {
  #fd;
  #buffer = Buffer.alloc(0);

  constructor(fd) {
    this.#fd = fd;
  }
  async size() {
    return BigInt(fs.fstatSync(this.#fd).size);
  }
  async read(offset, length) {
    const bytes = Number(length);
    if (this.#buffer.length < bytes) this.#buffer = Buffer.allocUnsafeSlow(2 * bytes);
    if (fs.readSync(this.#fd, this.#buffer, 0, bytes, Number(offset)) !== bytes)
      throw new Error(`${file}: no ${bytes} bytes at ${offset}`);
    return this.#buffer.subarray(0, bytes);
  }
}

function* lines() {
  let text = "";
  const buffer = Buffer.alloc(4096);
  for (let bytes; (bytes = fs.readSync(0, buffer)) > 0; ) {
    const parts = (text + buffer.toString("utf8", 0, bytes)).split("\n");
    text = parts.pop();
    yield* parts;
  }
}

async function answer(reader, line) {
  const [track, first, limit] = line.split(" ");
  const clock = new Clock();
  let messages = 0;
  let lastBytes = 0;
  const wanted = reader.readMessages({
    topics: track === "-" ? undefined : [track],
    startTime: first === "-" ? undefined : BigInt(first),
    endTime: limit === "-" ? undefined : BigInt(limit) - 1n,
  });
  for await (const { data } of wanted) {
    ++messages;
    lastBytes += data[data.length - 1];
  }
  fs.writeSync(1, `${messages} ${lastBytes} ${clock.seconds()}\n`);
}

async function read() {
  const reader = await McapIndexedReader.Initialize({
    readable: new FileReadable(fs.openSync(file, "r")),
    decompressHandlers: { zstd: (packed, bytes) => zstd.decompress(packed, Number(bytes)) },
  });
  fs.writeSync(1, "ready\n");
  for (const line of lines()) await answer(reader, line);
}

async function main() {
  await zstd.isLoaded;
  await (verb === "write" ? write() : read());
}

main().catch((error) => {
  console.error(`mcap_core: ${error.message}`);
  process.exit(1);
});
