/** What an imported project keeps of Ansible: its one set of variables, and Jinja2's filters. */
export { basename, bool, capitalize, contains, dirname, hash, indent, int, isMapping, isSequence, length, list, number, quote, range, regexReplace, round, same, sorted, split, title, version } from "./filters.ts";
export { float, secretText, text, toJson, toNiceJson, truthy } from "./text.ts";
export { vars, type Computed } from "./vars.ts";
