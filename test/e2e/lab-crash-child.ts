import { labUp } from "../../src/lab/index.ts";
import { SPEC } from "./lab-fixture.ts";

/** A controller that is killed, without a chance to clean up, as soon as the first host boots. */
await labUp(SPEC, {
  backend: "nspawn",
  onProgress: ({ message }) => {
    if (message === "booting") process.kill(process.pid, "SIGKILL");
  },
});
