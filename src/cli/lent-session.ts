import type { Session } from "../engine/session.ts";

/** A session for one run, which does not close it. */
export function lent(session: Session): Session {
  return {
    host: session.host,
    user: session.user,
    get requests() {
      return session.requests;
    },
    request: (script, options) => session.request(script, options),
    upload: (content, to, options) => session.upload(content, to, options),
    $: session.$,
    dial: (address, port) => session.dial(address, port),
    kill: (group, signal) => session.kill(group, signal),
    reconnect: (within) => session.reconnect(within),
    close: () => Promise.resolve(),
  };
}
