// Reads at full speed: by `wrk`, which costs least, if it is installed, otherwise by raw sockets.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath } from '../../paths.mjs';
import { run } from '../../run.mjs';
import { ToolError } from '../../steps.mjs';
import { requestBytes } from './connection.mjs';
import { load } from './load.mjs';

const CONNECTIONS = 64;

export function readGenerator() {
  return findOnPath('wrk') ? 'wrk' : 'raw sockets';
}

/** Requests of `paths`, in random order if there are several. Returns requests and seconds. */
export function read({ port, paths, headers, seconds, directory }) {
  const options = { port, paths, headers, seconds, directory };
  return readGenerator() === 'wrk' ? readByWrk(options) : readBySockets(options);
}

function readBySockets({ port, paths, headers, seconds }) {
  const requests = paths.map((path) => requestBytes('GET', path, headers));
  const requestOf = () => requests[Math.floor(Math.random() * requests.length)];
  return load({ port, connections: CONNECTIONS, seconds, requestOf, expect: 200 });
}

async function readByWrk({ port, paths, headers, seconds, directory }) {
  const script = join(directory, 'reads.lua');
  writeFileSync(script, luaScript(paths, headers));
  const args = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-s', script, `http://127.0.0.1:${port}`];
  const { code, output } = await run('wrk', args);
  const [, requests, microseconds, wrong] = /^result (\d+) (\d+) (\d+)$/m.exec(output) ?? [];
  if (code !== 0 || wrong !== '0') throw new ToolError(`wrk failed, or some replies were not 200:\n${output}`);
  return { requests: Number(requests), seconds: Number(microseconds) / 1e6 };
}

function luaScript(paths, headers) {
  const list = Object.entries(headers).map(([name, value]) => `["${name}"]="${value}"`);
  return `local requests = {}
function init()
  for path in string.gmatch("${paths.join(' ')}", "%S+") do
    requests[#requests + 1] = wrk.format("GET", path, {${list.join(', ')}})
  end
  math.randomseed(os.time())
end
function request() return requests[math.random(#requests)] end
function done(summary)
  local errors = summary.errors
  local wrong = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print("result " .. summary.requests .. " " .. summary.duration .. " " .. wrong)
end
`;
}
