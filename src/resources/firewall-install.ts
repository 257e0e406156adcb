import { createHash } from "node:crypto";
import { Sh, sh } from "../shell/index.ts";
import { ENABLED, LOADED, LOADER, LOADER_TEXT, UNIT, UNIT_TEXT } from "./firewall-loader.ts";
import { WATCHER, WATCHER_TEXT } from "./firewall-watcher.ts";
import { DAEMON_RELOAD, UNITS } from "./unit.ts";

/** What stands on a host that has rules, whatever holds them. */
const FILES: readonly { readonly path: string; readonly text: string; readonly mode: string }[] = [
  { path: LOADER, text: LOADER_TEXT, mode: "600" },
  { path: WATCHER, text: WATCHER_TEXT, mode: "600" },
  { path: `${UNITS}/${UNIT}`, text: UNIT_TEXT, mode: "644" },
];
const PATHS = FILES.map(({ path }) => path).join(" ");
const DIGEST = createHash("sha256").update(FILES.map(({ text }) => text).join("")).digest("hex");

/** A command that says whether all of them are as they should be. */
export const CURRENT = `[ "$(cat ${PATHS} 2>/dev/null | sha256sum)" = '${DIGEST}  -' ]`;

/** Before the rules are loaded. */
export const install: Sh = Sh.lines(
  `i=''
if ! ${CURRENT}; then
i=y`,
  ...FILES.map(({ path, text, mode }) => sh`printf '%s' ${text} >${`${path}.new`}
chmod ${mode} ${`${path}.new`}
mv -f ${`${path}.new`} ${path}`),
  "fi",
);

/** When the rules stand in their file. Where systemd does not run, nothing loads them at boot. */
export const settle: Sh = Sh.raw(`if [ -s "$f" ]; then
if [ -d /run/systemd/system ] && { [ -n "$i" ] || ! [ -h ${ENABLED} ] || ! systemctl is-active -q ${UNIT}; }; then
systemctl daemon-reload
systemctl -q enable ${UNIT}
systemctl restart ${UNIT}
fi
else
if [ -d /run/systemd/system ]; then
systemctl -q disable ${UNIT} 2>/dev/null || :
systemctl stop ${UNIT} 2>/dev/null || :
fi
rm -f "$f" ${PATHS} ${LOADED}
rmdir "\${f%/*}" 2>/dev/null || :
${DAEMON_RELOAD}
fi`);
