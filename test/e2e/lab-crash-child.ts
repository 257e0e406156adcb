import { labUp } from "../../src/lab/index.ts";
import { KERNEL_SPEC, SPEC } from "./lab-fixture.ts";

/** A controller that is killed, without a chance to clean up, as soon as the first host boots. Its argument is the backend. */
const backend = process.argv[2] === "uml" ? "uml" : "nspawn";
await labUp(backend === "uml" ? KERNEL_SPEC : SPEC, {
  backend,
  onProgress: ({ message }) => {
    if (message === "booting") process.kill(process.pid, "SIGKILL");
  },
});
