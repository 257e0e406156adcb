import assert from "node:assert/strict";
import { test } from "node:test";
import { proxyFor } from "../../src/artifacts/proxy.ts";

for (const [env, url, proxy] of [
  [{}, "https://a.example/x", undefined],
  [{ https_proxy: "http://p:3128" }, "https://a.example/x", "http://p:3128"],
  [{ https_proxy: "http://p:3128" }, "http://a.example/x", undefined],
  [{ HTTP_PROXY: "p:3128" }, "http://a.example/x", "http://p:3128"],
  [{ http_proxy: "", HTTP_PROXY: "http://upper" }, "http://a.example/x", "http://upper"],
  [{ http_proxy: "http://lower", HTTP_PROXY: "http://upper" }, "http://a.example/x", "http://lower"],
  [{ all_proxy: "http://p" }, "https://a.example/x", "http://p"],
  [{ all_proxy: "http://p", no_proxy: "*" }, "https://a.example/x", undefined],
  [{ all_proxy: "http://p", no_proxy: "b.example, a.example" }, "https://a.example/x", undefined],
  [{ all_proxy: "http://p", no_proxy: ".example" }, "https://a.example/x", undefined],
  [{ all_proxy: "http://p", no_proxy: "*.EXAMPLE" }, "https://a.example/x", undefined],
  [{ all_proxy: "http://p", no_proxy: "ample" }, "https://a.example/x", "http://p"],
  [{ all_proxy: "http://p", no_proxy: "a.example:8443" }, "https://a.example/x", "http://p"],
  [{ all_proxy: "http://p", no_proxy: "a.example:443" }, "https://a.example/x", undefined],
] as const) {
  void test(`${JSON.stringify(env)} for ${url}: ${proxy ?? "none"}`, () => assert.equal(proxyFor(url, env), proxy));
}
