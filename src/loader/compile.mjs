/**
 * Turns hawser itself, and playbooks with their roles, into plain JavaScript that Node loads fast, once for each state of the
 * sources. Plain JavaScript itself, because it compiles everything else.
 */
import { existsSync, realpathSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { cacheFolder, findFresh, refresh, sourcesOf } from "./cache.mjs";

/** @typedef {import("esbuild").Plugin} Plugin */
/** @typedef {import("esbuild").BuildOptions} BuildOptions */

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const INDEX = path.join(ROOT, "src/index.ts");

/** Packages in CommonJS that are bundled call it for Node's own modules. */
const REQUIRE = `import { createRequire as hawserRequire } from "node:module"; const require = hawserRequire(${JSON.stringify(pathToFileURL(path.join(ROOT, "package.json")).href)});`;

/** A source map that maps nothing: stacks need no lines of packages, and the map stays small. */
const NO_MAP = `\n//# sourceMappingURL=data:application/json;base64,${Buffer.from('{"version":3,"sources":[""],"mappings":"A"}').toString("base64")}`;

const cache = cacheFolder();

/**
 * The program: `main.mjs` is the command line, `index.mjs` what playbooks import as "hawser", `keeper.mjs` what keeps
 * connections open between runs; they share one copy of everything.
 * @returns {Promise<string>} the folder that holds them
 */
export async function compiledProgram() {
  const key = `program ${ROOT}`;
  return findFresh(cache, key) ?? (await refresh(cache, key, (folder) => bundle(folder, { entryPoints: { main: path.join(ROOT, "src/cli/main.ts"), index: INDEX, keeper: path.join(ROOT, "src/connection/keeper/main.ts") }, splitting: true, plugins: [nativeAddons, ownMeta] })));
}

/** @param {string} file @param {string} program */
const playbookKey = (file, program) => `playbook ${program} ${file}`;

/**
 * The files that a playbook was compiled from last.
 * @param {string} file
 * @param {string} program
 * @returns {string[]}
 */
export const playbookSources = (file, program) => sourcesOf(cache, playbookKey(file, program));

/**
 * A playbook with everything that it imports by relative paths, and hawser's roles. Packages are loaded from where they are.
 * @param {string} file
 * @param {string} program The folder of the program that runs it.
 * @returns {Promise<string>} the module's path
 * @throws esbuild's BuildFailure
 */
export async function compiledPlaybook(file, program) {
  const key = playbookKey(file, program);
  const folder = findFresh(cache, key) ?? (await refresh(cache, key, (to) => bundle(to, { entryPoints: { playbook: file }, plugins: [outside(program), ownMeta] })));
  return path.join(folder, "playbook.mjs");
}

/**
 * @param {string} folder
 * @param {BuildOptions} options
 * @returns {Promise<string[]>} the sources
 */
async function bundle(folder, options) {
  const esbuild = await import("esbuild");
  const { metafile } = await esbuild.build({
    ...options,
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    absWorkingDir: process.cwd(),
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    banner: { js: REQUIRE },
    metafile: true,
    sourcemap: "linked",
    sourcesContent: false,
    logLevel: "silent",
  });
  return [...new Set(Object.keys(metafile?.inputs ?? {}).map((name) => path.resolve(name.replace(/^[\w-]+:/, ""))))];
}

/** What is not bundled with a playbook. @param {string} program @returns {Plugin} */
function outside(program) {
  const index = pathToFileURL(path.join(program, "index.mjs")).href;
  return {
    name: "outside",
    setup(build) {
      build.onResolve({ filter: /^hawser$/ }, () => ({ path: index, external: true }));
      build.onResolve({ filter: /^hawser\/roles\/[\w-]+$/ }, ({ path: name }) => {
        const role = path.join(ROOT, name.slice("hawser/".length), "role.ts");
        return existsSync(role) ? { path: role } : { errors: [{ text: `hawser has no role ${path.basename(name)}` }] };
      });
      build.onResolve({ filter: /./ }, async ({ path: name, pluginData, ...from }) => {
        if (pluginData === "seen" || from.kind === "entry-point") return undefined;
        const found = await build.resolve(name, { ...from, pluginData: "seen" });
        if (found.errors.length > 0 || found.external) return found;
        const real = realpathSync(found.path);
        if (real.startsWith(path.join(ROOT, "src") + path.sep)) return { errors: [{ text: `${name} is inside hawser: import it from "hawser"` }] };
        return !isOurs(real) && real.includes(`${path.sep}node_modules${path.sep}`) ? { path: pathToFileURL(real).href, external: true } : found;
      });
    },
  };
}

/** Of hawser itself, which may be installed among packages. @param {string} file */
const isOurs = (file) => file.startsWith(ROOT + path.sep) && !file.startsWith(path.join(ROOT, "node_modules") + path.sep);

/** Addons are loaded from where they were built. @type {Plugin} */
const nativeAddons = {
  name: "native addons",
  setup(build) {
    build.onResolve({ filter: /\.node$/ }, ({ path: name, resolveDir }) => ({ path: path.resolve(resolveDir, name), external: true }));
  },
};

/** Each module keeps an `import.meta`, or a `__dirname`, of its own: templates are found by it. @type {Plugin} */
const ownMeta = {
  name: "own meta",
  setup(build) {
    build.onResolve({ filter: /^hawser-meta:/ }, ({ path: name }) => ({ path: name.slice("hawser-meta:".length), namespace: "hawser-meta" }));
    build.onLoad({ filter: /./, namespace: "hawser-meta" }, ({ path: file }) => ({ contents: `export const hawserMeta = ${JSON.stringify({ url: pathToFileURL(file).href, filename: file, dirname: path.dirname(file) })};` }));
    build.onLoad({ filter: /\.[cm]?[jt]sx?$/, namespace: "file" }, async ({ path: file }) => {
      const text = await readFile(file, "utf8");
      const isPackage = !isOurs(file) && file.includes(`${path.sep}node_modules${path.sep}`);
      const loader = /** @type {"js" | "jsx" | "ts" | "tsx"} */ (path.extname(file).replace(/^\.[cm]?/, ""));
      if (!/\bimport\.meta\b|\b__dirname\b/.test(text)) return isPackage ? { contents: text + NO_MAP, loader } : undefined;
      const { code } = await build.esbuild.transform(text, { loader, define: { "import.meta": "hawserMeta", __dirname: JSON.stringify(path.dirname(file)) }, sourcefile: file, ...(!isPackage && { sourcemap: "inline", sourcesContent: false }) });
      // Imports come before everything, wherever they stand; here they move no line.
      return { contents: `${code}\nimport { hawserMeta } from ${JSON.stringify(`hawser-meta:${file}`)};${isPackage ? NO_MAP : ""}`, loader: "js" };
    });
  },
};
