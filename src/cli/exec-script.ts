import { readFileSync } from "node:fs";
import { UsageError } from "../errors/index.ts";
import { quote } from "../shell/index.ts";

export interface CommandFlags {
  readonly shell?: string;
  readonly script?: string;
}

export interface CommandScript {
  /** POSIX shell text. */
  readonly script: string;
  /** Whether it may stand in the host's process list. A command does so anyway when it runs; what stands in a script need not. */
  readonly showable: boolean;
}

/**
 * What the hosts shall run, as shell text.
 * @param command The words after `--`: the command, or a script's arguments.
 * @throws UsageError when there is none or more than one, or the script cannot be read
 */
export function commandScript(command: readonly string[], { shell, script }: CommandFlags): CommandScript {
  if (shell !== undefined && script !== undefined) throw new UsageError("--shell and --script contradict each other");
  if (script !== undefined) return { script: scriptText(script, command), showable: false };
  if (shell !== undefined) {
    if (command.length > 0) throw new UsageError(`with --shell there is no command of its own: ${command.join(" ")}`, { hint: "put it into the shell text" });
    return { script: shell, showable: true };
  }
  if (command.length === 0) throw new UsageError("there is no command to run", { hint: "hawser exec PATTERN -- COMMAND ARGUMENTS, or --shell 'TEXT', or --script FILE" });
  // exec takes the words as they are: `a=b` would be an assignment, and `if` a keyword.
  return { script: `exec ${command.map(quote).join(" ")}`, showable: true };
}

/** Writes the script to a file of its own on the host, runs it and takes it away. */
function scriptText(file: string, args: readonly string[]): string {
  const content = read(file);
  const first = content.subarray(0, Math.max(0, content.indexOf(10))).toString();
  const [program = "sh", ...options] = first.startsWith("#!") ? first.slice(2).trim().split(/\s+/) : [];
  // By its interpreter and not by itself: /tmp may be mounted noexec.
  return `hw_f=$(mktemp "\${TMPDIR:-/tmp}/hawser.XXXXXX") || exit
trap 'rm -f "$hw_f"' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
printf %s ${quote(content.toString("base64"))} | base64 -d >"$hw_f" || exit
chmod 700 "$hw_f"
${[program, ...options].map(quote).join(" ")} "$hw_f" ${args.map(quote).join(" ")}`;
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`the script ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
