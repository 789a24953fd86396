// What a page owes to everyone who reads it; returns a sentence for each debt.
const debts = [];
const all = (selector) => [...document.querySelectorAll(selector)];
const shown = (element) => element.getClientRects().length > 0;

const ids = all("[id]").map((e) => e.id);
for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) debts.push(`id ${id} twice`);
if (all("h1").length !== 1) debts.push(`${all("h1").length} h1`);
let level = 0;
for (const heading of all("h1, h2, h3, h4")) {
  const next = Number(heading.tagName[1]);
  if (next > level + 1) debts.push(`h${level} is followed by h${next}: ${heading.textContent}`);
  level = next;
}
for (const svg of all("svg")) {
  if (svg.getAttribute("aria-hidden") === "true") continue;
  const [title, desc] = svg.children;
  if (title?.tagName !== "title" || !title.textContent.trim()) debts.push("svg without a title");
  if (desc?.tagName !== "desc" || !desc.textContent.trim()) debts.push("svg without a description");
}
for (const input of all("input, select, textarea")) {
  if (!input.labels.length) debts.push(`${input.id} without a label`);
}
for (const table of all("table")) {
  if (!table.caption?.textContent.trim()) debts.push("table without a caption");
  for (const cell of table.querySelectorAll("th")) {
    if (!cell.scope) debts.push(`heading cell without scope: ${cell.textContent}`);
  }
}
for (const link of all("a")) {
  if (!link.textContent.trim()) debts.push("link without words");
  const target = link.getAttribute("href");
  if (target.startsWith("#") && !document.getElementById(target.slice(1))) debts.push(`${target} leads nowhere`);
}
if (!document.documentElement.lang) debts.push("no language");

const channel = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const parts = (colour) => colour.match(/[\d.]+/g).map(Number);
const light = ([r, g, b]) => 0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
const behind = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const colour = parts(getComputedStyle(at).backgroundColor);
    if (colour.length < 4 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
for (const element of all("body *")) {
  const words = [...element.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.textContent.trim());
  if (!words || !shown(element) || element.closest("title, desc, script")) continue;
  const style = getComputedStyle(element);
  const ink = parts(element.closest("svg") ? style.fill : style.color);
  const [dark, bright] = [light(ink), light(behind(element))].sort((a, b) => a - b);
  const contrast = (bright + 0.05) / (dark + 0.05);
  if (contrast < 4.5) debts.push(`contrast ${contrast.toFixed(2)}: ${element.textContent.trim().slice(0, 40)}`);
}
return debts;
