import { spawn } from "node:child_process";
import { once } from "node:events";

/** Serves a folder on loopback from a process of its own, because scripts under test block this one. */
export async function serve(folder: string): Promise<{ url: string; stop: () => void }> {
  const server = `
    const { readFileSync } = require("node:fs");
    require("node:http").createServer((request, response) => {
      try { response.end(readFileSync(process.argv[1] + decodeURIComponent(request.url.split("?")[0]))); }
      catch { response.statusCode = 404; response.end("no such file"); }
    }).listen(0, "127.0.0.1", function () { console.log(this.address().port); });`;
  const child = spawn(process.execPath, ["-e", server, folder], { stdio: ["ignore", "pipe", "inherit"] });
  const [port] = (await once(child.stdout, "data")) as [Buffer];
  return { url: `http://127.0.0.1:${port.toString().trim()}`, stop: () => void child.kill() };
}
