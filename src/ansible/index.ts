/** What an imported project keeps of Ansible: its one set of variables, and Jinja2's filters. */
export { basename, bool, capitalize, contains, dirname, format, hash, indent, int, isMapping, isSequence, length, list, number, quote, range, regexReplace, round, same, sorted, split, title, version } from "./filters.ts";
export { outOfCrontab, output, stat, unchecked, type Output, type Stat } from "./reads.ts";
export { float, secretText, text, toJson, toNiceJson, truthy } from "./text.ts";
export { unknown, vars, type Computed } from "./vars.ts";
