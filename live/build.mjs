// Writes dist/: the pages in their layout, one script, one style sheet, the console snippet.
// {{www}}, {{docs}} and {{config}} stay in the pages; the server fills them in, because it knows the ports.
import { build } from "esbuild";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

process.chdir(fileURLToPath(new URL(".", import.meta.url)));
rmSync("dist", { recursive: true, force: true });

await build({
  entryPoints: ["src/main.js", "src/site.css"],
  outdir: "dist/assets",
  bundle: true,
  minify: true,
  sourcemap: true,
  target: "es2022",
  legalComments: "eof", // the tracker's licence asks for its notice
});
cpSync("snippet.js", "dist/assets/snippet.js");

const layout = readFileSync("layout.html", "utf8");
for (const name of readdirSync("pages", { recursive: true })) {
  if (!name.endsWith(".html")) continue;
  const page = readFileSync(join("pages", name), "utf8");
  const title = page.match(/^<!-- title: (.+) -->\n/);
  if (!title) throw new Error(`pages/${name}: the first line has to be <!-- title: ... -->`);
  const target = join("dist", name);
  mkdirSync(dirname(target), { recursive: true });
  const body = page.slice(title[0].length).trimEnd();
  writeFileSync(target, layout.replaceAll("{{title}}", title[1]).replace("{{body}}", () => body));
}
