import assert from "node:assert/strict";
import test from "node:test";
import { lostSettings } from "../../src/lab/uml-kernel-build.ts";

void test("a kernel that lacks what the lab wants is not built in silence", () => {
  const got = "#\n# Linux\n#\nCONFIG_INET=y\n# CONFIG_SMP is not set\nCONFIG_NET_IPGRE=m\n";
  assert.deepEqual(lostSettings("# Some words\nCONFIG_INET=y\n# CONFIG_SMP is not set\n# CONFIG_GONE is not set\n", got), []);
  assert.deepEqual(lostSettings("CONFIG_NET_IPGRE=y\n# CONFIG_INET is not set\nCONFIG_XFRM=y\n", got), ["CONFIG_NET_IPGRE=y", "CONFIG_INET is not set", "CONFIG_XFRM=y"]);
});
