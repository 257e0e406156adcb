import { LOOK_MANY, lookedAt } from "../resources/look-many.ts";
import { staged } from "../resources/write.ts";
import { quote } from "../shell/index.ts";
import { evaluable, type Fragment } from "./fragment.ts";
import { Repeats } from "./repeats.ts";

/** Where hawser keeps what outlives a run on a host (handlers that are owed, uploads that were cut); root-only. */
export const STATE_FOLDER = "/var/lib/hawser";

/** Folders as shell words; without root they are in the user's home, and the shell finds out which. */
const RUN = '"$hw_run"';
const STATE = '"$hw_state"';
const FOLDERS = `if [ -z "$hw_run" ]; then
  if [ -w /run ]; then hw_run=/run/hawser; hw_state=${STATE_FOLDER}; else hw_run=$HOME/.hawser/run; hw_state=$HOME/.hawser; fi
  export hw_run hw_state
fi
`;

/** A handler's marker as a shell word. */
export const markerWord = (marker: string): string => `${STATE}/pending/${quote(marker)}`;

/** One step of an apply batch. Indexes name the step in the frames that come back. */
export interface Step {
  readonly index: number;
  /** Looks to repeat first: an output, or of long ones a digest, that differs stops the batch, so nothing is done on a stale plan. */
  readonly guards: readonly { readonly look: Fragment; readonly digest: string; readonly output: string | undefined; readonly compares: "output" | "code"; readonly code: number }[];
  /** Marker files of handlers that this step notifies, made before its apply. */
  readonly notifies: readonly string[];
  readonly apply?: Fragment;
  /** Names of uploads that it uses; taken away after it, unless it was not begun. */
  readonly uploads: readonly string[];
  readonly retries: number;
  readonly delay: number;
  /** Runs only while one of these markers of a handler exists, and removes them afterwards. */
  readonly handler?: readonly string[];
}

/**
 * Functions that every script begins with. Frames end with a newline and `<mark> <label>;` on both streams:
 * `F 0` the looks at files that were made together, `P i code` a look, `G i` a guard that differed, `B i` an apply begins, `A i code` it ended, `H i` a handler that was not due.
 * Lock descriptor 9 is closed for everything that is run, or a daemon would inherit it.
 */
function prelude(mark: string): string {
  return `${FOLDERS}if [ -n "$hw_l" ]; then rm -f "$hw_l.out" "$hw_l.err"; hw_l=; fi
hw_n=${mark}
hw_s=
hw_m() { printf '\\n%s %s;' "$hw_n" "$1"; printf '\\n%s %s;' "$hw_n" "$1" >&2; }
hw_p() { ( eval "$2" ) </dev/null 9>&-; hw_m "P $1 $?"; }
hw_g() {
  [ -z "$hw_s" ] || return 0
  hw_d=$({ ( eval "$3" ) 2>/dev/null; printf '#%s' "$?"; } </dev/null 9>&- | sha256sum)
  [ "\${hw_d%% *}" = "$2" ] || { hw_s=stale; hw_m "G $1"; }
}
hw_e() {
  [ -z "$hw_s" ] || return 0
  hw_d=$({ ( eval "$3" ) 2>/dev/null; printf '#%s' "$?"; } </dev/null 9>&-)
  [ "$hw_d" = "$2" ] || { hw_s=stale; hw_m "G $1"; }
}
hw_c() {
  [ -z "$hw_s" ] || return 0
  ( eval "$3" ) </dev/null >/dev/null 2>&1 9>&-
  [ "$?" = "$2" ] || { hw_s=stale; hw_m "G $1"; }
}
hw_a() {
  [ -z "$hw_s" ] || return 0
  hw_m "B $1"
  hw_i=0
  while :; do
    ( eval "$4" ) </dev/null 9>&-
    hw_r=$?
    if [ "$hw_r" -eq 0 ] || [ "$hw_i" -ge "$2" ]; then break; fi
    hw_i=$((hw_i + 1))
    sleep "$3"
  done
  hw_m "A $1 $hw_r"
  [ "$hw_r" -eq 0 ] || hw_s=failed
}
`;
}

const finish = (end: string): string => `printf '\\n%s\\n' ${end}; printf '\\n%s\\n' ${end} >&2\n`;

export interface NumberedLook {
  readonly index: number;
  readonly look: Fragment;
}

/** Fewer looks at files are not worth a script of their own. */
const MANY = 4;

/** Looks at files that one command can make together: frame `F 0`. */
export function togetherOf(looks: readonly NumberedLook[]): readonly NumberedLook[] {
  const together = looks.filter(({ look }) => look.user === undefined && lookedAt(look.text) !== undefined);
  return together.length < MANY ? [] : together;
}

/** Looks that are answered in one piece, unless a script has more of them than this. */
const PIECE = 32;

export interface Probing {
  /** Lines to evaluate first. */
  readonly before?: string;
  /** Those looks that are made by one command, as `togetherOf` gives them. */
  readonly together?: readonly NumberedLook[];
  /** Answers may wait for each other. */
  readonly inPieces?: boolean;
}

/** Looks; nothing is changed. */
export function probeScript(mark: string, end: string, looks: readonly NumberedLook[], { before = "", together = [], inPieces = false }: Probing = {}): string {
  const repeats = new Repeats(looks.map(lookText));
  const alone = looks.filter((look) => !together.includes(look)).map((look) => probeLine(look, repeats));
  const pieces = [togetherLines(together, repeats) + alone.slice(0, PIECE).join("")];
  for (let i = PIECE; i < alone.length; i += PIECE) pieces.push(alone.slice(i, i + PIECE).join(""));
  return `${prelude(mark)}${before}${repeats.definitions}${inPieces ? pieces.map(inOnePiece).join("") : pieces.join("")}${finish(end)}`;
}

/** The looks that one command makes, and those that have to be made again by themselves. */
function togetherLines(together: readonly NumberedLook[], repeats: Repeats): string {
  if (together.length === 0) return "";
  const paths = together.map(({ look }) => lookedAt(look.text)).join(" ");
  return `${LOOK_MANY}hw_f ${paths} </dev/null\nhw_m "F 0"\n${together.map((look, i) => `hw_o ${look.index} ${repeats.word(lookText(look))} ${i}\n`).join("")}`;
}

/**
 * Holds what the lines print back until they have ended, or there is 64 KiB of it. sshd sends each little write as a packet of
 * its own, and a young connection takes ten of them before it waits for the other side.
 */
function inOnePiece(lines: string): string {
  const hold = "dd ibs=65536 obs=65536";
  return `{ { {\n${lines}} 2>&1 >&3 3>&- | ${hold} >&2 2>/dev/null 3>&- 9>&-; } 3>&1 | ${hold} 2>/dev/null 9>&-; }\n`;
}

const lookText = ({ look }: { readonly look: Fragment }): string => evaluable(look, { strict: false });
const applyText = (apply: Fragment): string => evaluable(apply, { strict: true });

function probeLine(numbered: NumberedLook, repeats: Repeats): string {
  return `hw_p ${numbered.index} ${repeats.word(lookText(numbered))}\n`;
}

function textsOf(step: Step): string[] {
  return [...step.guards.map(lookText), ...(step.apply ? [applyText(step.apply)] : [])];
}

function stepLines(step: Step, repeats: Repeats): string {
  const guards = step.guards.map(({ look, digest, output, compares, code }) => {
    const text = repeats.word(lookText({ look }));
    if (output !== undefined && compares === "output") return `hw_e ${step.index} ${quote(`${output}#${code}`)} ${text}\n`;
    return compares === "code" ? `hw_c ${step.index} ${code} ${text}\n` : `hw_g ${step.index} ${digest} ${text}\n`;
  });
  if (!step.apply) return guards.join("");
  // `set -e` has no effect in a condition, so hw_a is called plainly.
  const apply = `hw_a ${step.index} ${step.retries} ${step.delay} ${repeats.word(applyText(step.apply))}\n`;
  if (step.handler !== undefined) {
    const markers = step.handler.map(markerWord);
    return `if [ -n "$hw_s" ]; then :; elif ${markers.map((marker) => `[ -e ${marker} ]`).join(" || ")}; then\n${apply}[ -n "$hw_s" ] || rm -f ${markers.join(" ")}\nelse hw_m "H ${step.index}"; fi\n`;
  }
  const notify = step.notifies.length === 0 ? "" : `[ -n "$hw_s" ] || { mkdir -p ${STATE}/pending && touch ${step.notifies.map(markerWord).join(" ")}; } || hw_s=failed\n`;
  const tidy = step.uploads.length === 0 ? "" : `[ "$hw_s" = stale ] || rm -f ${step.uploads.map(staged).join(" ")}\n`;
  return `${guards.join("")}${notify}${apply}${tidy}`;
}

/**
 * A batch of applies followed by looks, run in a session of its own: what it prints goes to a root-only file that is
 * followed, so neither a dead controller nor a closed pipe stops it halfway. The next script removes the file; the last
 * one of a run stays until the next run, for whoever wants to read it. Should its shell be killed (by the kernel, when
 * memory runs out), the frame `K code` and the end are written in its place, or the controller would wait for ever.
 * @param id Names the batch's files.
 * @param together Those looks that are made by one command, as `togetherOf` gives them.
 */
export function batchScript(mark: string, end: string, id: string, steps: readonly Step[], looks: readonly NumberedLook[], together: readonly NumberedLook[]): string {
  const repeats = new Repeats([...steps.flatMap(textsOf), ...looks.map(lookText)]);
  const alone = looks.filter((look) => !together.includes(look)).map((look) => probeLine(look, repeats));
  const job = `{\n${prelude(mark)}${repeats.definitions}hw_m "W $$"\n${steps.map((step) => stepLines(step, repeats)).join("")}if [ "$hw_s" != failed ]; then :\n${togetherLines(together, repeats)}${alone.join("")}fi\n${finish(end)}exit\n}`;
  const log = `${RUN}/${id}`;
  // The shell reads the job, one compound command, to its end before it runs any of it.
  return `${FOLDERS}mkdir -p ${RUN} ${STATE}/pending
if [ -n "$hw_l" ]; then rm -f "$hw_l.out" "$hw_l.err"; fi
: >${log}.out; : >${log}.err
hw_job=${quote(job)}
hw_k() { for hw_f in ${log}.out ${log}.err; do grep -q '^${end}$' "$hw_f" || printf '\\n%s K %s;\\n%s\\n' ${mark} "$1" ${end} >>"$hw_f"; done; }
{ printf '%s\\n' "$hw_job" | setsid sh >>${log}.out 2>>${log}.err || hw_k "$?"; } &
hw_w=$!
hw_job=
${followLines(log, 1, 1)}`;
}

function followLines(log: string, fromOut: number, fromErr: number): string {
  return `tail -c +${fromOut} -f ${log}.out &
hw_t=$!
tail -c +${fromErr} -f ${log}.err >&2 &
hw_after="kill $hw_t $! 2>/dev/null"
hw_l=${log}
`;
}

/** Follows a batch again after the connection was lost; prints the line \`gone\` and the end when the host no longer has it (it rebooted). */
export function resumeScript(end: string, id: string, seenOut: number, seenErr: number): string {
  const log = `${RUN}/${id}`;
  return `${FOLDERS}if [ -e ${log}.out ]; then\n${followLines(log, seenOut + 1, seenErr + 1)}else\nprintf '\\n%s\\n' ${end}; printf 'gone\\n\\n%s\\n' ${end} >&2\nfi\n`;
}

/** Takes away what batches have printed, which may hold anything: a run that ends leaves no copy of it on the host. */
export function tidyScript(end: string, ids: readonly string[]): string {
  return `${FOLDERS}rm -f ${ids.flatMap((id) => [`${RUN}/${id}.out`, `${RUN}/${id}.err`]).join(" ")}; hw_l=\n${finish(end)}`;
}

/** A run that ended without finishing, on one host. */
export interface Interrupted {
  readonly run: string;
  /** What it sent last, if anything. */
  readonly script?: string;
}

/** What a run needs on a host besides a POSIX shell: of coreutils and util-linux, or busybox. */
const NEEDED = "base64 flock setsid sha256sum stat tail";

/**
 * Takes the host's lock, or says who has it. The kernel frees it when the session's shell and the batch that it started
 * have both ended, so no lock survives its run; the note beside it only names the holder. A batch that has printed its
 * end may need a moment more to be gone; one that goes on without its controller keeps the note.
 * Frame `S 0` says where uploads go and which are there. Frame `L 0` taken, `L 4` held by another run and waited for (the note is its body), `L 1` still held after that, `L 2` cannot be made, `L 3` the host lacks programs.
 * @param interrupted The run that this one goes on with: its batch may still run, and is waited for to its end. Frame `C 0` is what that batch has printed.
 */
export function lockLines(note: string, run: string, waitSeconds: number, interrupted?: Interrupted): string {
  const file = `${RUN}/lock`;
  const ofRun = (id: string) => `grep -qx ${quote(`run ${id}`)} ${file}.note 2>/dev/null && { kill "$(sed -n 's/^shell //p' ${file}.note)" 2>/dev/null`;
  const takeOver = interrupted ? ` || { ${ofRun(interrupted.run)}; cat ${file}.note; hw_m "L 4"; flock 9; }; }` : "";
  const log = interrupted?.script === undefined ? undefined : `${RUN}/${quote(interrupted.script)}`;
  const recover = log === undefined ? "" : `\n      if [ -e ${log}.out ]; then cat ${log}.out; cat ${log}.err >&2; hw_m "C 0"; fi`;
  return `if [ -z "$hw_locked" ]; then
  hw_i=; for hw_f in ${NEEDED}; do command -v $hw_f >/dev/null || hw_i="$hw_i $hw_f"; done
  if [ -n "$hw_i" ]; then echo $hw_i; hw_m "L 3"
  elif mkdir -p ${RUN} ${STATE}/pending ${STATE}/stage && chmod 0700 ${RUN} ${STATE} && exec 9>>${file}; then
    if flock -n 9 || { ${ofRun(run)}; flock -w 30 9; }; }${takeOver} || { cat ${file}.note 2>/dev/null; hw_m "L 4"; flock -w ${waitSeconds} 9; }; then
      if [ -e ${file}.note ]; then cat ${file}.note; fi${recover}
      rm -f ${RUN}/batch-*
      for hw_f in ${STATE}/stage/*; do if [ -e "$hw_f" ]; then find ${STATE}/stage -type f -mtime +0 -exec rm -f {} +; break; fi; done
      hw_locked=1
      printf '%s\\nrun %s\\nshell %s\\n' ${quote(note)} ${run} "$$" >${file}.note
      trap 'hw_i=0; while [ -n "$hw_w" ] && kill -0 "$hw_w" 2>/dev/null && [ $hw_i -lt 10 ]; do sleep 0.1 2>/dev/null || sleep 1; hw_i=$((hw_i + 1)); done; if [ -z "$hw_w" ] || ! kill -0 "$hw_w" 2>/dev/null; then rm -f ${file}.note; fi' EXIT
      trap 'exit 143' TERM
      hw_m "L 0"
      echo ${STATE}/stage; for hw_f in ${STATE}/stage/*; do if [ -e "$hw_f" ]; then echo "\${hw_f##*/}"; fi; done
      hw_m "S 0"
    else hw_m "L 1"; fi
  else hw_m "L 2"; fi
fi
`;
}

/** Says who runs on this host, without touching anything. Frame \`L 0\`; the note is its body. */
export const WATCH_LOCK = `cat ${RUN}/lock.note 2>/dev/null\nhw_m "L 0"\n`;

/** Lists the markers of handlers that an earlier run owes. Frame \`N 0\`. */
export const LIST_PENDING = `ls ${STATE}/pending 2>/dev/null\nhw_m "N 0"\n`;
