import { z } from "zod";
import { Sh, sh } from "../shell/index.ts";
import { Lines, printed } from "./accounts.ts";
import { defineResource, type Change } from "./contract.ts";

/** cloud-init would set the name that the cloud knows at the next boot. */
const CLOUD = "/etc/cloud/cloud.cfg.d/99-hawser-hostname.cfg";

export const hostname = defineResource({
  kind: "hostname",
  summary: "The host's name, now and after a reboot. Entries in /etc/hosts are resources of their own.",
  args: z.strictObject({
    /** A short or a full name. */
    name: z.string().max(64).regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/i, "not the name of a host"),
  }),
  key: () => "hostname",
  claims: () => [{ target: "hostname" }],
  probe: () => Sh.raw(`v=''
if [ -r /etc/hostname ]; then IFS= read -r v </etc/hostname || :; fi
printf 'static %s\\n' "$v"
IFS= read -r v </proc/sys/kernel/hostname || :
printf 'live %s\\n' "$v"
if [ -d /etc/cloud/cloud.cfg.d ] && ! [ -e ${CLOUD} ]; then echo cloud; fi`),
  plan({ name }, seen): Change | undefined {
    const lines = new Lines(seen);
    const [kept, live, cloud] = [lines.get("static"), lines.get("live"), lines.has("cloud")];
    if (kept === name && live === name && !cloud) return undefined;
    const parts = [(kept !== name || live !== name) && `${live || "(none)"} -> ${name}`, cloud && "keep it from cloud-init"].filter((part) => part !== false);
    return {
      summary: parts.join(", "),
      apply: Sh.lines(
        // hostnamed would go on telling the old name, so it is asked where it is; its answer is not needed.
        kept !== name && sh`t=/etc/.hawser-hostname
printf '%s\\n' ${name} >"$t"
chmod 644 "$t"
mv -f "$t" /etc/hostname`,
        live !== name && sh`hostnamectl set-hostname ${name} 2>/dev/null || printf '%s\\n' ${name} >/proc/sys/kernel/hostname`,
        cloud && `printf '%s\\n' 'preserve_hostname: true' >${CLOUD}.new
chmod 644 ${CLOUD}.new
mv -f ${CLOUD}.new ${CLOUD}`,
      ),
      after: printed([`static ${name}`, `live ${name}`]),
    };
  },
});
