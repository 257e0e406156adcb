/**
 * How kinds of resource are tested: by tables (`runCases`), and for real under three shells (`onEveryShell`, `converge`).
 * Every script that a test renders is also given to shellcheck when the test file ends.
 *
 * Needs busybox, dash, bash, shellcheck and util-linux (unshare, nsenter), and root.
 */
export { runCases } from "./harness/cases.ts";
export { attempt, converge, refused, type Applied } from "./harness/converge.ts";
export { onEveryShell, SHELLS, withHost, type HostOptions, type ShellName, type TestHost } from "./harness/host.ts";
export { render, shellcheck } from "./harness/scripts.ts";
