/* oxlint-disable typescript/restrict-template-expressions, typescript/no-base-to-string -- the mistakes are the point. */
import { defineResource, defineRole, fact, Secret, sh, use, z, type RoleInput, type Use } from "hawser";

type Input = RoleInput<z.ZodObject<Record<never, never>>, { size: ReturnType<typeof fact<z.ZodString>> }, { key: z.ZodString }>;

function mistake(tasks: (input: Input) => void): Use {
  return use(
    defineRole(import.meta, {
      name: "app",
      summary: "A role with a mistake.",
      vars: z.strictObject({}),
      facts: () => ({ size: fact(sh`echo 1`, z.string()) }),
      exports: { key: z.string() },
      tasks,
    }),
    {},
  );
}

/** What planOf refuses. */
export const refused: Readonly<Record<string, Use>> = {
  twice: mistake(({ t }) => {
    // #region twice
    t.file("/etc/app.conf", { content: "a\n" });
    t.file("/etc/app.conf", { content: "b\n" });
    // #endregion
  }),
  owners: mistake(({ t }) => {
    // #region owners
    t.file("/etc/hosts", { content: "127.0.0.1 localhost\n" });
    t.line("/etc/hosts", { line: "10.0.0.1 gateway" });
    // #endregion
  }),
  mode: mistake(({ t }) => {
    // #region mode
    t.file("/etc/app.conf", { content: "a\n", mode: "644" });
    // #endregion
  }),
  secret: mistake(({ t }) => {
    const password = new Secret("of the inventory");
    // #region secret
    t.task("login", { check: sh`app status`, apply: sh`app login ${password as never}` });
    // #endregion
  }),
  printed: mistake(({ t }) => {
    // #region printed
    const version = t.read("version", { probe: sh`cat /srv/app/VERSION` });
    t.file("/srv/app/release", { content: `release ${version}\n` });
    // #endregion
  }),
  exports: mistake(({ t }) => {
    const token = t.read("token", { probe: sh`cat /srv/app/token` });
    // #region exports
    t.export("token", token); // exports: { key: z.string() }
    // #endregion
  }),
  template: mistake(({ t }) => {
    // #region template
    t.template("/etc/app.conf", "mistake.ejs", { port: 80 });
    // #endregion
  }),
};

/** What fails on the host. */
export const failing: Readonly<Record<string, (folder: string) => Use>> = {
  check: () =>
    mistake(({ t }) => {
      // #region check
      t.task("load", { check: sh`appctl status`, apply: sh`appctl load` });
      // #endregion
    }),
  nested: (folder) =>
    mistake(({ t }) => {
      const disks = t.read("disks", { probe: sh`echo a` });
      const users = t.read("users", { probe: sh`echo ada` });
      // #region nested
      t.given("disks", disks, (disk) => {
        t.given(`users of ${disk}`, users, (user) => t.directory(`${folder}/${disk}/${user}`));
      });
      // #endregion
    }),
  unstable: () =>
    mistake(({ t }) => {
      // #region unstable
      const uptime = defineResource({
        kind: "uptime",
        summary: "Never the same twice.",
        args: z.strictObject({}),
        key: () => "now",
        claims: () => [],
        probe: () => sh`date +%N`,
        plan: () => ({ summary: "rest", apply: sh`true` }),
      });
      // #endregion
      t.add(uptime, {});
    }),
  converge: (folder) =>
    mistake(({ t }) => {
      // #region converge
      t.task("owner", { check: sh`[ "$(cat ${folder}/owner 2>/dev/null)" = ada ]`, apply: sh`echo eve > ${folder}/owner` });
      // #endregion
    }),
};
