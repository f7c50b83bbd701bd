// What a page does by itself: it shows another choice without loading all anew, draws its charts, looks for newer releases.
// All that it shows comes from the server as a page; without this script the pages work by links and a button.
"use strict";

const page = () => document.getElementById("page");
let asking = null;

// Show the page of an address in place of this one. `how`: push, replace, or none for back and forward.
async function show(address, how = "push", renewed = false) {
  asking?.abort();
  asking = new AbortController();
  const url = new URL(address, location.href), here = page();
  const isElsewhere = url.pathname !== location.pathname;
  here.setAttribute("aria-busy", "true");
  try {
    const headers = renewed ? {} : { "X-Causerie-Release": here.dataset.release };
    const answer = await fetch(url, { headers, signal: asking.signal });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = fresh.getElementById("page");
    if (!next) throw new Error("no page");
    const focused = document.activeElement?.id;
    const opened = [...here.querySelectorAll("details[open]")].map((one) => one.id);
    const scrolled = [...here.querySelectorAll("fieldset .scroll")].map((one) => one.scrollTop);
    charts.splice(0).forEach((chart) => chart.destroy());
    here.replaceWith(document.adoptNode(next));
    document.title = fresh.title;
    document.documentElement.lang = fresh.documentElement.lang;
    const shown = next.dataset.address || url.href;
    if (how === "push") history.pushState(null, "", shown);
    if (how === "replace") history.replaceState(null, "", shown);
    if (isElsewhere) {
      scrollTo(0, 0);
      document.getElementById("figures").focus({ preventScroll: true });
    } else {
      opened.forEach((id) => id && document.getElementById(id)?.setAttribute("open", ""));
      next.querySelectorAll("fieldset .scroll").forEach((one, at) => (one.scrollTop = scrolled[at] ?? 0));
      if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    }
    document.getElementById("said").textContent = next.dataset.updated;
    if (renewed) document.getElementById("newer").hidden = true;
    draw();
  } catch (error) {
    if (error.name !== "AbortError") location.assign(url);
  }
}

// The address of what the form says now; another account has other agents, tags and teams.
const OF_ANY_ACCOUNT = ["account", "period", "from", "to", "grain", "time", "statistic", "lang", "figure", "heat"];
function chosen(changed) {
  const form = document.getElementById("filters"), query = new URLSearchParams(new FormData(form));
  if (changed?.id === "account") [...query.keys()].forEach((name) => OF_ANY_ACCOUNT.includes(name) || query.delete(name));
  if (query.get("period") === "custom" && !query.get("from")) {  // begins with the days that were shown
    query.set("from", form.dataset.first);
    query.set("to", form.dataset.last);
  }
  return `${form.action}?${query}`;
}

document.addEventListener("change", ({ target }) => {
  if (target.form?.id === "filters" && target.name && target.form.reportValidity()) show(chosen(target));
});
document.addEventListener("submit", (event) => { event.preventDefault(); show(chosen()); });
document.addEventListener("input", (event) => {
  const list = event.target.dataset.narrows;
  if (!list) return;
  const words = event.target.value.toLowerCase();
  document.querySelectorAll(`#${list} .scroll label`).forEach((one) => (one.hidden = !one.textContent.toLowerCase().includes(words)));
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || link.target || link.hasAttribute("download")) return;
  if (link.origin !== location.origin || link.getAttribute("href").startsWith("#")) return;
  event.preventDefault();
  if (link.dataset.renew !== undefined) show(location.href, "replace", true);
  else show(link.href);
});
addEventListener("popstate", () => show(location.href, "none"));

// Charts: what the server says, in the colours of the page.
const charts = [];
function draw() {
  const style = getComputedStyle(document.documentElement), colour = (name) => style.getPropertyValue(name).trim();
  Chart.defaults.font.family = "system-ui, sans-serif";
  Chart.defaults.color = colour("--soft");
  Chart.defaults.borderColor = colour("--line");
  Chart.defaults.animation = false;
  document.querySelectorAll("canvas[data-chart]").forEach((canvas) => charts.push(drawn(canvas, JSON.parse(canvas.dataset.chart), colour)));
}

function drawn(canvas, data, colour) {
  const isLines = data.kind === "lines", numbers = new Intl.NumberFormat(document.documentElement.lang);
  const datasets = data.series.map((one, at) => {
    const ink = one.is_compared ? colour("--soft") : colour(data.kind === "ages" ? `--a${at + 1}` : `--c${at % 5 + 1}`), pale = `color-mix(in srgb, ${ink} 45%, transparent)`;
    const inks = data.complete.map((whole) => (whole || one.is_compared ? ink : pale));
    const shared = { label: one.name, pointStyle: one.is_compared ? "line" : isLines ? "circle" : "rect", data: one.values, texts: one.texts, links: one.links };
    if (isLines || one.is_compared) {
      return { ...shared, type: "line", borderColor: ink, backgroundColor: ink, borderWidth: one.is_compared ? 1.5 : 2.5, borderDash: one.is_compared ? [5, 4] : [],
        pointRadius: one.is_compared ? 0 : data.labels.length > 60 ? 1 : 3, pointHoverRadius: 6, pointBackgroundColor: inks, spanGaps: false, clip: 8, stack: `line-${at}` };
    }
    return { ...shared, type: "bar", backgroundColor: inks, stack: one.stack, maxBarThickness: 48 };
  });
  return new Chart(canvas, {
    data: { labels: data.labels, datasets },
    options: {
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      scales: {
        x: { stacked: !isLines, grid: { display: false }, ticks: { maxRotation: 0, autoSkipPadding: 16 } },
        y: { stacked: !isLines, min: data.lowest ?? undefined, max: data.highest ?? undefined, beginAtZero: true, title: { display: Boolean(canvas.dataset.unit), text: canvas.dataset.unit },
          ticks: { maxTicksLimit: 6, precision: data.kind === "lines" ? undefined : 0, callback: (value) => numbers.format(value) } },
      },
      plugins: {
        legend: { display: data.series.length > 1, position: "bottom", labels: { boxWidth: 9, boxHeight: 9, usePointStyle: true } },
        tooltip: { callbacks: { title: (items) => data.periods[items[0].dataIndex], label: (item) => `${item.dataset.label}: ${item.dataset.texts[item.dataIndex]}` } },
      },
      onHover: (event, _, chart) => { canvas.style.cursor = linkAt(event, chart) ? "pointer" : ""; },
      onClick: (event, _, chart) => { const link = linkAt(event, chart); if (link) show(link); },
    },
  });
}

// The address behind the bar or the point under the pointer; beside bars, that of the first series of the period.
function linkAt(event, chart) {
  const at = (mode, intersect) => chart.getElementsAtEventForMode(event, mode, { intersect }, true)[0];
  const found = at("nearest", true) ?? at("index", false);
  return found && chart.data.datasets[found.datasetIndex].links[found.index];
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { charts.splice(0).forEach((chart) => chart.destroy()); draw(); });
// On paper the style gives charts the width of their card. Here they get about its shape: letters keep their size.
const paperWidth = () => (document.querySelector(".list") ? 980 : 660);
addEventListener("beforeprint", () => charts.forEach((chart) => chart.resize(paperWidth(), 180)));
addEventListener("afterprint", () => charts.forEach((chart) => chart.resize()));

// A page that somebody reads does not change by itself; one without a release does.
setInterval(async () => {
  if (document.hidden) return;
  try {
    const { release } = await (await fetch(`${page().dataset.base}/release`)).json();
    if (!release || release === page().dataset.release) return;
    if (page().dataset.release) document.getElementById("newer").hidden = false;
    else location.reload();
  } catch { /* the server restarts; the next look finds it */ }
}, 10_000);

draw();
