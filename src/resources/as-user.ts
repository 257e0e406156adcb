import { Sh, sh } from "../shell/index.ts";

/** Runs shell text as another user, whatever login shell that user has; root's own work needs no change of user. Nothing secret: it stands in argv. */
export function asUser(user: string, script: Sh): Sh {
  const text = script.render();
  if (user === "root") return sh`sh -c ${text}`;
  return Sh.lines(sh`s=${text}`, "if command -v runuser >/dev/null 2>&1; then", sh`runuser -u ${user} -- sh -c "$s"`, "else", sh`su -s /bin/sh -c "$s" ${user}`, "fi");
}
