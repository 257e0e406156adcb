import { quote, Sh, sh } from "../shell/index.ts";
import { install, settle } from "./firewall-install.ts";
import { LOADER, RULES } from "./firewall-loader.ts";

const toolOf = (line: string): string => line.split(" ")[2] ?? "";
/** With firewalld or ufw, not in hawser's own table or chains. */
export const isManaged = (line: string): boolean => !["nft", "ipt"].includes(toolOf(line));

/** One rule's lines as they are and as they shall be. */
export interface Edit {
  readonly name: string;
  readonly old: readonly string[];
  readonly wanted: readonly string[];
  /** Wanted lines that firewalld or ufw lacks though they were given to it. */
  readonly lost: readonly string[];
  /** What makes firewalld or ufw write all its rules anew. */
  readonly reload: string | false;
}

/**
 * Loads the new rules from a file beside the old one, which takes its place only when all tools have taken them. Else the
 * old ones are loaded again and nothing has changed.
 */
export function applyRules(edits: readonly Edit[]): Sh {
  const wanted = edits.flatMap((edit) => edit.wanted);
  const gone = edits.flatMap((edit) => edit.old.filter((line) => isManaged(line) && !edit.wanted.includes(line)));
  const come = edits.flatMap((edit) => edit.wanted.filter((line) => isManaged(line) && (!edit.old.includes(line) || edit.lost.includes(line))));
  return Sh.lines(
    `umask 077
f=${RULES} n=${RULES}.new
mkdir -p ${RULES.slice(0, RULES.lastIndexOf("/"))}
{`,
    sh`if [ -e "$f" ]; then awk -v n=${` ${edits.map((edit) => edit.name).join(" ")} `} '!index(n, " " $2 " ")' "$f"; fi`,
    wanted.length > 0 && sh`printf '%s\\n' ${wanted}`,
    '} | LC_ALL=C sort >"$n"',
    install,
    ...managed(gone, false),
    `if ! { ${[`sh ${LOADER} "$n"`, ...managed(come, true)].join(" && ")}; }; then`,
    ...managed(come, false),
    ...managed(gone, true).map((step) => `${step} || :`),
    `sh ${LOADER} || :
rm -f "$n"
exit 1
fi
mv -f "$n" "$f"`,
    ...new Set(edits.map((edit) => edit.reload)),
    settle,
  );
}

/** Commands that give lines to firewalld and ufw, or take them away, which never fails. */
function managed(lines: readonly string[], add: boolean): string[] {
  const verb = add ? "add" : "remove";
  const texts = (tool: string) => lines.filter((line) => toolOf(line) === tool).map((line) => line.split(" ").slice(3).join(" "));
  const rich = texts("rich").map((text) => `--${verb}-rich-rule=${quote(text)}`).join(" ");
  const firewalld = [...(rich === "" ? [] : [rich]), ...texts("direct").map((text) => `--direct --${verb}-rule ${text}`)];
  return [
    // Firewalld may have been stopped since, and be started again one day.
    ...firewalld.flatMap((words) => (add ? [`firewall-cmd -q --permanent ${words}`, `firewall-cmd -q ${words}`] : [`firewall-cmd -q --permanent ${words} 2>/dev/null || firewall-offline-cmd -q ${words} || :`, `firewall-cmd -q ${words} 2>/dev/null || :`])),
    ...texts("ufw").map((text) => {
      const words = text.split(" ").slice(2).join(" ");
      return add ? `ufw ${words} >/dev/null` : `ufw --force ${words.startsWith("route ") ? `route delete ${words.slice(6)}` : `delete ${words}`} >/dev/null || :`;
    }),
  ];
}
